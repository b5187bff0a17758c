"""What may happen to a person: sign up, change the profile."""

from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from core.database import Database, Transaction
from core.errors import FieldProblem, InvalidInput
from domain import counters, events
from domain.viewer import Viewer
from models.follows import Follow, FollowRequest
from models.users import Account, User, UserCounter

LONGEST_NAME = 100
LONGEST_BIO = 500
_TAKEN = {"users_handle_key": "handle", "accounts_email_key": "email"}


async def register(tx: Transaction, *, handle: str, name: str, email: str, password_hash: str) -> User:
    """A new person with an account. Raises InvalidInput where handle or e-mail address is taken."""
    try:
        user = await tx.insert(User, handle=handle, name=name)
        await tx.insert(Account, user_id=user.id, email=email, password_hash=password_hash)
    except IntegrityError as error:
        field = _TAKEN.get(getattr(getattr(error.orig, "diag", None), "constraint_name", ""))
        if field is None:
            raise
        raise InvalidInput(FieldProblem(("input", field), "This is taken already.")) from error
    return user


async def update_profile(db: Database, viewer: Viewer, changes: dict[str, Any]) -> User:
    """Change the viewer's own columns. Raises NotSignedIn.

    Whoever stops being private accepts all who asked; whoever becomes private keeps the followers there are.
    """
    me = viewer.require_user()
    async with db.write() as tx:
        held = select(User.is_private).where(User.id == me).with_for_update(key_share=True)
        before = (await tx.scalars(held)).one()
        if changes:
            await tx.execute(update(User).where(User.id == me).values(changes))
        user = await tx.get_one(User, me, populate_existing=True)
        if before and not user.is_private:
            await _accept_all(tx, me)
        if user.is_private and not before:
            events.record(tx, events.MadePrivate(me))
    return user


async def _accept_all(tx: Transaction, me: int) -> None:
    asked = await tx.change(
        delete(FollowRequest).where(FollowRequest.followee_id == me).returning(FollowRequest.follower_id)
    )
    if not asked:
        return
    rows = [{"follower_id": follower, "followee_id": me} for follower in asked]
    new = await tx.change(insert(Follow).values(rows).on_conflict_do_nothing().returning(Follow.follower_id))
    # Theirs first: that may wait for others, who mustn't be waiting for ours.
    await counters.add_to_each(tx, UserCounter, new, following=+1)
    await counters.add(tx, UserCounter, me, followers=len(new))
