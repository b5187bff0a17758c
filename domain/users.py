"""What may happen to a person: sign up, change the profile."""

from functools import cache
from typing import Any

from psycopg.errors import UniqueViolation
from sqlalchemy import BigInteger, Update, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert

from core.database import Database
from core.errors import InvalidInput
from core.transactions import Transaction
from domain import addresses, counters, events
from domain.links import Purpose
from domain.viewer import Viewer
from models.follows import Follow, FollowRequest
from models.users import Account, User, UserCounter

LONGEST_NAME = 100
LONGEST_BIO = 500

_IS_ME = User.id == bindparam("me", type_=BigInteger)
_HELD = select(User).where(_IS_ME).with_for_update(key_share=True)
_TAKE_ALL = (
    delete(FollowRequest)
    .where(FollowRequest.followee_id == bindparam("me", type_=BigInteger))
    .returning(FollowRequest.follower_id)
)
_REHASH = (
    update(Account)
    .where(Account.user_id == bindparam("id", type_=BigInteger), Account.password_hash == bindparam("before"))
    .values(password_hash=bindparam("password_hash"))
)
_asked = func.unnest(bindparam("asked", type_=ARRAY(BigInteger))).column_valued("asked")
_FOLLOWED_BY = (
    insert(Follow)
    .from_select(["follower_id", "followee_id"], select(_asked, bindparam("me", type_=BigInteger)))
    .on_conflict_do_nothing()
    .returning(Follow.follower_id)
)


async def register(tx: Transaction, *, handle: str, name: str, email: str, password_hash: str | None) -> User:
    """A new person with an account, and a letter to the address. Raises InvalidInput where the handle is taken."""
    try:
        user = await tx.insert(User, handle=handle, name=name)
    except UniqueViolation as error:
        raise InvalidInput.at("input", "handle", message="This is taken already.") from error
    await tx.insert(Account, user_id=user.id, email=email, password_hash=password_hash)
    await addresses.claim(tx, Purpose.VERIFY_EMAIL, user_id=user.id, handle=handle, email=email)
    return user


async def rehash(db: Database, user_id: int, before: str, password_hash: str) -> None:
    """Keep the password under a better hash, unless there is another one by now."""
    async with db.write() as tx:
        tx.later(_REHASH, id=user_id, before=before, password_hash=password_hash)


async def update_profile(db: Database, viewer: Viewer, changes: dict[str, Any]) -> User:
    """Change the viewer's own columns. Raises NotSignedIn.

    Whoever stops being private accepts all who asked; whoever becomes private keeps the followers there are.
    """
    me = viewer.require_user()
    async with db.write() as tx:
        [before] = [user] = await tx.rows(_HELD, me=me)
        if changes:
            [user] = await tx.rows(_change(frozenset(changes)), me=me, **changes)
        if before.is_private and not user.is_private:
            await _accept_all(tx, me)
        if user.is_private and not before.is_private:
            events.record(tx, events.MadePrivate(me))
    return user  # type: ignore[no-any-return]


async def _accept_all(tx: Transaction, me: int) -> None:
    asked = [row.follower_id for row in await tx.rows(_TAKE_ALL, me=me)]
    if not asked:
        return
    new = [row.follower_id for row in await tx.rows(_FOLLOWED_BY, me=me, asked=asked)]
    # Theirs first: that may wait for others, who mustn't be waiting for ours.
    counters.add_to_each(tx, UserCounter, new, following=+1)
    counters.add(tx, UserCounter, me, followers=len(new))


@cache
def _change(names: frozenset[str]) -> Update:
    return update(User).where(_IS_ME).values({name: bindparam(name) for name in names}).returning(User)
