"""What may call the API as the viewer. Nobody else's is anybody's business."""

from typing import Any

from sqlalchemy import Select, func, or_, select

from domain.visibility import VIEWER
from loaders.base import ANY_KEY, BatchLoader
from loaders.pages import AFTER, LIMIT, Listing, Lists
from models.sessions import Session, SessionKind

_SHOWN: tuple[Any, ...] = (
    Session.user_id.label("page_of"),
    Session.id,
    Session.kind,
    Session.name,
    Session.scopes,
    Session.address,
    Session.agent,
    Session.created_at,
    Session.last_used_at,
    Session.expires_at,
)


def _open(*kinds: SessionKind) -> Select[Any]:
    return (
        select(*_SHOWN)
        .where(
            Session.user_id == ANY_KEY,
            Session.user_id == VIEWER,
            or_(*(Session.kind == kind for kind in kinds)),
            Session.revoked_at.is_(None),
            or_(Session.expires_at.is_(None), Session.expires_at > func.now()),
            Session.id < AFTER,
        )
        .order_by(Session.id.desc())
        .limit(LIMIT)
    )


class SessionsOfUser(Lists):
    """Pages of where the viewer is signed in, the latest sign-in first; of anybody else, nothing."""

    listings = {"": Listing("User.sessions", _open(SessionKind.API, SessionKind.BROWSER))}


class PersonalTokensOfUser(Lists):
    """Pages of the viewer's personal tokens, the newest first; of anybody else's, nothing."""

    listings = {"": Listing("User.personalTokens", _open(SessionKind.PERSONAL))}


class IsCurrent(BatchLoader[int, bool]):
    """Whether a session is the one that asks."""

    async def batch_load_fn(self, keys: list[int]) -> list[bool]:
        """Compare them: nothing is read."""
        return [key == self.viewer.session_id for key in keys]
