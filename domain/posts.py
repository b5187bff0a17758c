"""What may happen to a post: publish, edit, delete."""

from sqlalchemy import BigInteger, bindparam, delete, func, select, update

from core.database import Database
from core.errors import Forbidden, NotFound
from core.ids import encode
from core.transactions import Transaction
from domain import audit, counters, events
from domain.device import Device
from domain.idempotency import Once
from domain.permissions import Permission, may
from domain.text import clean
from domain.viewer import Viewer
from domain.visibility import VIEWER, visible_post
from models.posts import Post, Visibility
from models.users import UserCounter

LONGEST_BODY = 5_000

_IS_IT = Post.id == bindparam("id", type_=BigInteger)
_VISIBLE = select(Post).where(_IS_IT, visible_post(VIEWER))
_HELD = _VISIBLE.with_for_update(read=True, key_share=True, of=Post)
_TAKEN = _VISIBLE.with_for_update(of=Post)
_ANY_HELD = select(Post).where(_IS_IT).with_for_update(read=True, key_share=True)
_ANY_TAKEN = select(Post).where(_IS_IT).with_for_update()
_EDIT = update(Post).where(_IS_IT).values(body=bindparam("body"), edited_at=func.now()).returning(Post)
_DELETE = delete(Post).where(_IS_IT)


async def visible(tx: Transaction, viewer: Viewer, post_id: int, *, to_delete: bool = False) -> Post:
    """The post, held against deletion by others until the transaction ends. Raises NotFound.

    Whoever wants to delete it says so at once: two that hold it both, and then want more, wait for each other.
    """
    post: Post | None = await tx.first(_TAKEN if to_delete else _HELD, id=post_id, viewer=viewer.key)
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
        counters.add(tx, UserCounter, author, **_counted(post, +1))
        once.remember(tx, post.id)
        events.record(tx, events.PostAdded(post.id, author))
    return post


async def edit(db: Database, viewer: Viewer, post_id: int, *, body: str) -> Post:
    """Change a post's text. Raises NotSignedIn, InvalidInput, NotFound, Forbidden."""
    author = viewer.require_user()
    body = clean(body, LONGEST_BODY, "input", "body")
    async with db.write() as tx:
        await _own(tx, viewer, post_id)
        [post] = await tx.rows(_EDIT, id=post_id, body=body)
        events.record(tx, events.PostEdited(post_id, author))
    return post  # type: ignore[no-any-return]


async def remove(db: Database, viewer: Viewer, post_id: int, device: Device | None = None) -> int:
    """Delete a post with its comments and likes: its author may, and moderators.

    Raises NotSignedIn, NotFound, Forbidden.
    """
    user = viewer.require_user()
    async with db.write() as tx:
        if may(viewer, Permission.DELETE_ANYTHING):
            post = await anybodys(tx, post_id, to_delete=True)
        else:
            post = await _own(tx, viewer, post_id, to_delete=True)
        tx.later(_DELETE, id=post_id)
        counters.add(tx, UserCounter, post.author_id, **_counted(post, -1))
        events.record(tx, events.PostDeleted(post_id, post.author_id))
        if post.author_id != user:
            audit.removed(tx, user, post.author_id, encode("post", post_id), device)
    return post_id


async def anybodys(tx: Transaction, post_id: int, *, to_delete: bool = False) -> Post:
    """The post, held like a visible one: for moderators, from whom nothing is hidden. Raises NotFound."""
    post: Post | None = await tx.first(_ANY_TAKEN if to_delete else _ANY_HELD, id=post_id)
    if post is None:
        raise NotFound("post")
    return post


async def _own(tx: Transaction, viewer: Viewer, post_id: int, *, to_delete: bool = False) -> Post:
    post = await visible(tx, viewer, post_id, to_delete=to_delete)
    if post.author_id != viewer.user_id:
        raise Forbidden("This post is somebody else's: only its author may do that.")
    return post


def _counted(post: Post, amount: int) -> dict[str, int]:
    return {"public_posts" if post.visibility == Visibility.PUBLIC else "follower_posts": amount}
