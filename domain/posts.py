"""What may happen to a post: publish, edit, delete, like, unlike."""

from sqlalchemy import BigInteger, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from core.database import Database, Transaction
from core.errors import Forbidden, NotFound
from domain import counters, events
from domain.idempotency import Once
from domain.text import clean
from domain.viewer import Viewer
from domain.visibility import VIEWER, visible_post
from models.posts import Post, PostCounter, PostLike, Visibility
from models.users import UserCounter

LONGEST_BODY = 5_000

_VISIBLE = (
    select(Post)
    .where(Post.id == bindparam("id", type_=BigInteger), visible_post(VIEWER))
    .with_for_update(read=True, key_share=True, of=Post)
)


async def visible(tx: Transaction, viewer: Viewer, post_id: int) -> Post:
    """The post, held against deletion until the transaction ends. Raises NotFound."""
    post: Post | None = await tx.first(_VISIBLE, id=post_id, viewer=viewer.key)
    if post is None:
        raise NotFound("post")
    return post


async def create(
    db: Database, viewer: Viewer, *, body: str, visibility: Visibility, client_mutation_id: str | None = None
) -> Post:
    """Publish a post. Raises NotSignedIn, InvalidInput, Conflict."""
    author = viewer.require_user()
    body = clean(body, LONGEST_BODY, "input", "body")
    once = Once.of(author, client_mutation_id, "createPost", body, visibility)
    async with db.write() as tx:
        if earlier := await once.earlier(tx):
            return await visible(tx, viewer, earlier)
        post = await tx.insert(Post, author_id=author, body=body, visibility=visibility)
        await counters.add(tx, UserCounter, author, **_counted(post, +1))
        await once.remember(tx, post.id)
        events.record(tx, events.PostAdded(post.id, author))
    return post


async def edit(db: Database, viewer: Viewer, post_id: int, *, body: str) -> Post:
    """Change a post's text. Raises NotSignedIn, InvalidInput, NotFound, Forbidden."""
    author = viewer.require_user()
    body = clean(body, LONGEST_BODY, "input", "body")
    async with db.write() as tx:
        await _own(tx, viewer, post_id)
        change = update(Post).where(Post.id == post_id).values(body=body, edited_at=func.now()).returning(Post)
        [post] = await tx.change(change)
        events.record(tx, events.PostEdited(post_id, author))
    return post  # type: ignore[no-any-return]


async def remove(db: Database, viewer: Viewer, post_id: int) -> int:
    """Delete a post with its comments and likes. Raises NotSignedIn, NotFound, Forbidden."""
    author = viewer.require_user()
    async with db.write() as tx:
        post = await _own(tx, viewer, post_id)
        if not await tx.change(delete(Post).where(Post.id == post_id).returning(Post.id)):
            raise NotFound("post")
        await counters.add(tx, UserCounter, author, **_counted(post, -1))
        events.record(tx, events.PostDeleted(post_id, author))
    return post_id


async def like(db: Database, viewer: Viewer, post_id: int) -> Post:
    """Like a post; liking it again changes nothing. Raises NotSignedIn, NotFound."""
    user = viewer.require_user()
    new = insert(PostLike).values(post_id=post_id, user_id=user).on_conflict_do_nothing()
    async with db.write() as tx:
        post = await visible(tx, viewer, post_id)
        if await tx.change(new.returning(PostLike.post_id)):
            await _count_like(tx, post_id, +1)
    return post


async def unlike(db: Database, viewer: Viewer, post_id: int) -> Post:
    """Take a like back; without one nothing changes. Raises NotSignedIn, NotFound."""
    user = viewer.require_user()
    gone = delete(PostLike).where(PostLike.post_id == post_id, PostLike.user_id == user)
    async with db.write() as tx:
        post = await visible(tx, viewer, post_id)
        if await tx.change(gone.returning(PostLike.post_id)):
            await _count_like(tx, post_id, -1)
    return post


async def _own(tx: Transaction, viewer: Viewer, post_id: int) -> Post:
    post = await visible(tx, viewer, post_id)
    if post.author_id != viewer.user_id:
        raise Forbidden("This post is somebody else's: only its author may do that.")
    return post


async def _count_like(tx: Transaction, post_id: int, amount: int) -> None:
    await counters.add(tx, PostCounter, post_id, likes=amount)
    events.record(tx, events.CountsChanged(post_id))


def _counted(post: Post, amount: int) -> dict[str, int]:
    return {"public_posts" if post.visibility == Visibility.PUBLIC else "follower_posts": amount}
