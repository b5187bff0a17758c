"""What may happen to a comment: write, edit, delete."""

from sqlalchemy import BigInteger, any_, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY

from core.database import Database
from core.errors import Forbidden, InvalidInput, NotFound
from core.ids import encode
from core.transactions import Transaction
from domain import audit, counters, events, posts
from domain.device import Device
from domain.idempotency import Once
from domain.permissions import Permission, may
from domain.text import clean
from domain.viewer import Viewer
from domain.visibility import VIEWER, visible_comment
from models.comments import Comment, CommentCounter
from models.posts import PostCounter

LONGEST_BODY = 2_000
DEEPEST = 100

_IS_IT = Comment.id == bindparam("id", type_=BigInteger)
_VISIBLE = select(Comment).where(_IS_IT, visible_comment(VIEWER))
_HELD = _VISIBLE.with_for_update(read=True, key_share=True, of=Comment)
_ANY = select(Comment).where(_IS_IT)
_EDIT = update(Comment).where(_IS_IT).values(body=bindparam("body"), edited_at=func.now()).returning(Comment)
_DELETE = delete(Comment).where(_IS_IT)
_KEPT = select(Comment.id).where(_IS_IT).with_for_update(read=True, key_share=True)
_TAKEN = select(Comment).where(_IS_IT).with_for_update()
_BENEATH = (
    select(Comment)
    .where(Comment.parent_id == any_(bindparam("level", type_=ARRAY(BigInteger))))
    .order_by(Comment.id)
    .with_for_update()
)


async def visible(tx: Transaction, viewer: Viewer, comment_id: int, *, hold: bool = True) -> Comment:
    """The comment; with `hold`, held against deletion until the transaction ends. Raises NotFound."""
    comment: Comment | None = await tx.first(_HELD if hold else _VISIBLE, id=comment_id, viewer=viewer.key)
    if comment is None:
        raise NotFound("comment")
    return comment


async def add(
    db: Database,
    viewer: Viewer,
    *,
    post_id: int,
    parent_id: int | None,
    body: str,
    client_mutation_id: str | None = None,
) -> Comment:
    """Answer a post, or a comment of it. Raises NotSignedIn, InvalidInput, NotFound, Conflict."""
    author = viewer.require_user()
    body = clean(body, LONGEST_BODY, "input", "body")
    once = Once.of(author, client_mutation_id, "addComment", post_id, parent_id, body)
    async with db.write() as tx:
        if earlier := await once.earlier(tx):
            return await visible(tx, viewer, earlier)
        await posts.visible(tx, viewer, post_id)
        depth = await _depth_under(tx, viewer, post_id, parent_id)
        comment = await tx.insert(
            Comment, post_id=post_id, parent_id=parent_id, author_id=author, depth=depth, body=body
        )
        _count(tx, comment, +1)
        once.remember(tx, comment.id)
        events.record(tx, events.CommentAdded(comment.id, post_id, author))
    return comment


async def edit(db: Database, viewer: Viewer, comment_id: int, *, body: str) -> Comment:
    """Change a comment's text. Raises NotSignedIn, InvalidInput, NotFound, Forbidden."""
    author = viewer.require_user()
    body = clean(body, LONGEST_BODY, "input", "body")
    async with db.write() as tx:
        comment = await visible(tx, viewer, comment_id)
        if comment.author_id != author:
            raise Forbidden("This comment is somebody else's: only its author may edit it.")
        [edited] = await tx.rows(_EDIT, id=comment_id, body=body)
        events.record(tx, events.CommentEdited(comment_id, comment.post_id, author))
    return edited  # type: ignore[no-any-return]


async def remove(db: Database, viewer: Viewer, comment_id: int, device: Device | None = None) -> int:
    """Delete a comment and the replies beneath it: its author may, the post's author, and moderators.

    Raises NotSignedIn, NotFound, Forbidden.
    """
    user = viewer.require_user()
    async with db.write() as tx:
        comment, is_moderated = await _to_delete(tx, viewer, comment_id)
        thread = await _hold_thread(tx, comment)
        tx.later(_DELETE, id=comment_id)
        _count(tx, comment, -1, beneath=len(thread) - 1)
        for gone in thread:
            events.record(tx, events.CommentDeleted(gone.id, gone.post_id, gone.author_id))
        if is_moderated:
            audit.removed(tx, user, comment.author_id, encode("comment", comment_id), device)
    return comment_id


async def _to_delete(tx: Transaction, viewer: Viewer, comment_id: int) -> tuple[Comment, bool]:
    """The comment, its post held, and whether it goes by a moderator's right alone."""
    if may(viewer, Permission.DELETE_ANYTHING):
        comment = await _anybodys(tx, comment_id)
        post = await posts.anybodys(tx, comment.post_id)
    else:
        comment = await visible(tx, viewer, comment_id, hold=False)
        post = await posts.visible(tx, viewer, comment.post_id)
    is_theirs = viewer.user_id in (comment.author_id, post.author_id)
    if not is_theirs and not may(viewer, Permission.DELETE_ANYTHING):
        raise Forbidden("Only the comment's author and the post's author may delete it.")
    return comment, not is_theirs


async def _anybodys(tx: Transaction, comment_id: int) -> Comment:
    comment: Comment | None = await tx.first(_ANY, id=comment_id)
    if comment is None:
        raise NotFound("comment")
    return comment


async def _depth_under(tx: Transaction, viewer: Viewer, post_id: int, parent_id: int | None) -> int:
    if parent_id is None:
        return 0
    parent = await visible(tx, viewer, parent_id)
    if parent.post_id != post_id:
        raise InvalidInput.at("input", "parentId", message="This comment belongs to another post.")
    if parent.depth == DEEPEST:
        raise InvalidInput.at("input", "parentId", message=f"A thread is at most {DEEPEST} replies deep.")
    return parent.depth + 1


async def _hold_thread(tx: Transaction, comment: Comment) -> list[Comment]:
    """The comment and all beneath it, locked from the top down: a reply that comes now waits, and finds no parent.

    Nothing of the thread may be held before what stands above it, or two that delete in one thread wait for each other.
    Each level is a statement of its own, because only a new snapshot sees replies that were committed meanwhile.
    """
    if comment.parent_id is not None:
        tx.later(_KEPT, id=comment.parent_id)
    thread = level = await tx.rows(_TAKEN, id=comment.id)
    if not thread:
        raise NotFound("comment")
    while level:
        level = await tx.rows(_BENEATH, level=[each.id for each in level])
        thread = thread + level
    return thread


def _count(tx: Transaction, comment: Comment, amount: int, *, beneath: int = 0) -> None:
    if comment.parent_id is not None:
        counters.add(tx, CommentCounter, comment.parent_id, replies=amount)
    counters.add(tx, PostCounter, comment.post_id, comments=amount - beneath)
    events.record(tx, events.CountsChanged(comment.post_id))
