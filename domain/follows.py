"""What may happen between two people: follow, ask, accept, decline, unfollow, block, unblock."""

from sqlalchemy import BigInteger, bindparam, delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from core.database import Database, Transaction
from core.errors import InvalidInput, NotFound
from domain import counters, events
from domain.viewer import Viewer
from domain.visibility import VIEWER, visible_user
from models.follows import Block, Follow, FollowRequest
from models.users import User, UserCounter

_VISIBLE = (
    select(User)
    .where(User.id == bindparam("id", type_=BigInteger), visible_user(VIEWER, User.id))
    .with_for_update(read=True, of=User)
)


async def visible(tx: Transaction, viewer: Viewer, user_id: int) -> User:
    """The user, whose privacy stays as it is until the transaction ends. Raises NotFound."""
    user: User | None = await tx.first(_VISIBLE, id=user_id, viewer=viewer.key)
    if user is None:
        raise NotFound("user")
    return user


async def follow(db: Database, viewer: Viewer, user_id: int) -> User:
    """Follow a user, or ask a private one. Raises NotSignedIn, InvalidInput, NotFound."""
    me = _not_oneself(viewer, user_id, "follow")
    async with db.write() as tx:
        await _hold_pair(tx, me, user_id)
        user = await visible(tx, viewer, user_id)
        if not user.is_private:
            await begin(tx, me, user_id)
        elif not await _is_following(tx, me, user_id):
            new = insert(FollowRequest).values(follower_id=me, followee_id=user_id)
            await tx.execute(new.on_conflict_do_nothing())
    return user


async def unfollow(db: Database, viewer: Viewer, user_id: int) -> User:
    """End a follow, or take the request back. Raises NotSignedIn, InvalidInput, NotFound."""
    me = _not_oneself(viewer, user_id, "unfollow")
    async with db.write() as tx:
        await _hold_pair(tx, me, user_id)
        user = await visible(tx, viewer, user_id)
        await _end(tx, (me, user_id))
    return user


async def accept(db: Database, viewer: Viewer, user_id: int) -> User:
    """Let a user who asked follow the viewer. Raises NotSignedIn, NotFound."""
    me = viewer.require_user()
    async with db.write() as tx:
        await _hold_pair(tx, me, user_id)
        user = await visible(tx, viewer, user_id)
        await _take_request(tx, user_id, me)
        await begin(tx, user_id, me)
    return user


async def decline(db: Database, viewer: Viewer, user_id: int) -> User:
    """Turn a request down; the asker isn't told. Raises NotSignedIn, NotFound."""
    me = viewer.require_user()
    async with db.write() as tx:
        user = await visible(tx, viewer, user_id)
        await _take_request(tx, user_id, me)
    return user


async def block(db: Database, viewer: Viewer, user_id: int) -> User:
    """End follows and requests both ways, and hide both from each other. Raises NotSignedIn, InvalidInput, NotFound."""
    me = _not_oneself(viewer, user_id, "block")
    async with db.write() as tx:
        await _hold_pair(tx, me, user_id)
        if await tx.first(select(Block.id).where(Block.blocker_id == me, Block.blocked_id == user_id)):
            return await tx.get_one(User, user_id)
        user = await visible(tx, viewer, user_id)
        await tx.insert(Block, blocker_id=me, blocked_id=user_id)
        await _end(tx, (me, user_id), (user_id, me))
        events.record(tx, events.Blocked(me, user_id))
    return user


async def unblock(db: Database, viewer: Viewer, user_id: int) -> User:
    """Take the viewer's block back. Follows don't come back with it. Raises NotSignedIn, InvalidInput, NotFound.

    Where the other has blocked the viewer too, the viewer's block goes and the answer is NotFound all the same.
    """
    me = _not_oneself(viewer, user_id, "unblock")
    async with db.write() as tx:
        await _hold_pair(tx, me, user_id)
        await tx.execute(delete(Block).where(Block.blocker_id == me, Block.blocked_id == user_id))
    async with db.write() as tx:
        return await visible(tx, viewer, user_id)


async def begin(tx: Transaction, follower: int, followee: int) -> None:
    """Make the follow, if it isn't there."""
    new = insert(Follow).values(follower_id=follower, followee_id=followee).on_conflict_do_nothing()
    if await tx.change(new.returning(Follow.id)):
        await counters.add(tx, UserCounter, followee, followers=+1)
        await counters.add(tx, UserCounter, follower, following=+1)


async def _end(tx: Transaction, *pairs: tuple[int, int]) -> None:
    """End follows and requests, of (follower, followee); requests first, as who accepts them all does."""
    await tx.execute(
        delete(FollowRequest).where(tuple_(FollowRequest.follower_id, FollowRequest.followee_id).in_(pairs))
    )
    ended = delete(Follow).where(tuple_(Follow.follower_id, Follow.followee_id).in_(pairs))
    for follower, followee in await tx.execute(ended.returning(Follow.follower_id, Follow.followee_id)):
        await counters.add(tx, UserCounter, followee, followers=-1)
        await counters.add(tx, UserCounter, follower, following=-1)
        events.record(tx, events.Unfollowed(follower, followee))


async def _take_request(tx: Transaction, follower: int, followee: int) -> None:
    gone = delete(FollowRequest).filter_by(follower_id=follower, followee_id=followee)
    if not await tx.change(gone.returning(FollowRequest.id)):
        raise NotFound("follow request")


async def _is_following(tx: Transaction, follower: int, followee: int) -> bool:
    found = await tx.first(select(Follow.id).filter_by(follower_id=follower, followee_id=followee))
    return found is not None


async def _hold_pair(tx: Transaction, one: int, other: int) -> None:
    """One change at a time between two people, so that a follow can't slip past a block."""
    key = func.hashtextextended(f"{min(one, other)}:{max(one, other)}", 0)
    await tx.execute(select(func.pg_advisory_xact_lock(key)))


def _not_oneself(viewer: Viewer, user_id: int, verb: str) -> int:
    me = viewer.require_user()
    if user_id == me:
        raise InvalidInput.at("input", "userId", message=f"You can't {verb} yourself.")
    return me
