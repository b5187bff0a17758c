"""What may happen between two people: follow, ask, accept, decline, unfollow, block, unblock."""

from sqlalchemy import BigInteger, Text, bindparam, func, select

from core.database import Database
from core.errors import InvalidInput, NotFound
from core.transactions import Transaction
from domain import counters, events, pairs
from domain.viewer import Viewer
from domain.visibility import VIEWER, visible_user
from models.follows import Block, Follow, FollowRequest
from models.users import User, UserCounter

_VISIBLE = (
    select(User)
    .where(User.id == bindparam("id", type_=BigInteger), visible_user(VIEWER, User.id))
    .with_for_update(read=True, of=User)
)
_BLOCKED = (
    select(User)
    .join(Block, Block.blocked_id == User.id)
    .where(Block.blocker_id == bindparam("me", type_=BigInteger), User.id == bindparam("id", type_=BigInteger))
)
_FOLLOWS = select(Follow.id).where(
    Follow.follower_id == bindparam("follower", type_=BigInteger),
    Follow.followee_id == bindparam("followee", type_=BigInteger),
)
_HOLD = select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("pair", type_=Text), 0)))


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
        _hold_pair(tx, me, user_id)
        user = await visible(tx, viewer, user_id)
        if not user.is_private:
            await begin(tx, me, user_id)
        elif not await _is_following(tx, me, user_id):
            await pairs.add(tx, FollowRequest, follower_id=me, followee_id=user_id)
    return user


async def unfollow(db: Database, viewer: Viewer, user_id: int) -> User:
    """End a follow, or take the request back. Raises NotSignedIn, InvalidInput, NotFound."""
    me = _not_oneself(viewer, user_id, "unfollow")
    async with db.write() as tx:
        _hold_pair(tx, me, user_id)
        user = await visible(tx, viewer, user_id)
        await _end(tx, (me, user_id))
    return user


async def accept(db: Database, viewer: Viewer, user_id: int) -> User:
    """Let a user who asked follow the viewer. Raises NotSignedIn, NotFound."""
    me = viewer.require_user()
    async with db.write() as tx:
        _hold_pair(tx, me, user_id)
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
        _hold_pair(tx, me, user_id)
        if user := await tx.first(_BLOCKED, me=me, id=user_id):
            return user  # type: ignore[no-any-return]
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
        _hold_pair(tx, me, user_id)
        await pairs.remove(tx, Block, blocker_id=me, blocked_id=user_id)
    async with db.write() as tx:
        return await visible(tx, viewer, user_id)


async def begin(tx: Transaction, follower: int, followee: int) -> None:
    """Make the follow, if it isn't there."""
    if await pairs.add(tx, Follow, follower_id=follower, followee_id=followee):
        counters.add(tx, UserCounter, followee, followers=+1)
        counters.add(tx, UserCounter, follower, following=+1)


async def _end(tx: Transaction, *ways: tuple[int, int]) -> None:
    """End follows and requests, of (follower, followee); requests first, as who accepts them all does."""
    for follower, followee in ways:
        await pairs.remove(tx, FollowRequest, follower_id=follower, followee_id=followee)
    ended = [each for each in ways if await pairs.remove(tx, Follow, follower_id=each[0], followee_id=each[1])]
    for follower, followee in ended:
        counters.add(tx, UserCounter, followee, followers=-1)
        counters.add(tx, UserCounter, follower, following=-1)
        events.record(tx, events.Unfollowed(follower, followee))


async def _take_request(tx: Transaction, follower: int, followee: int) -> None:
    if not await pairs.remove(tx, FollowRequest, follower_id=follower, followee_id=followee):
        raise NotFound("follow request")


async def _is_following(tx: Transaction, follower: int, followee: int) -> bool:
    return bool(await tx.rows(_FOLLOWS, follower=follower, followee=followee))


def _hold_pair(tx: Transaction, one: int, other: int) -> None:
    """One change at a time between two people, so that a follow can't slip past a block."""
    tx.later(_HOLD, pair=f"{min(one, other)}:{max(one, other)}")


def _not_oneself(viewer: Viewer, user_id: int, verb: str) -> int:
    me = viewer.require_user()
    if user_id == me:
        raise InvalidInput.at("input", "userId", message=f"You can't {verb} yourself.")
    return me
