"""What pages show the viewer of their own sign-ins, apps and log, the latest first."""

from typing import Any

from sqlalchemy import BigInteger, bindparam, func, or_, select

from core.database import Database
from domain.viewer import Viewer
from models.apps import App, Grant
from models.audit import SecurityEvent
from models.sessions import Session, SessionKind

SHOWN = 50
_ME = bindparam("me", type_=BigInteger)
_SIGN_INS = (
    select(Session.id, Session.kind, Session.address, Session.agent, Session.created_at, Session.last_used_at)
    .where(
        Session.user_id == _ME,
        or_(Session.kind == SessionKind.API, Session.kind == SessionKind.BROWSER),
        Session.revoked_at.is_(None),
        or_(Session.expires_at.is_(None), Session.expires_at > func.now()),
    )
    .order_by(Session.id.desc())
    .limit(SHOWN)
)
_EVENTS = (
    select(SecurityEvent.kind, SecurityEvent.created_at, SecurityEvent.address, SecurityEvent.agent)
    .where(SecurityEvent.user_id == _ME)
    .order_by(SecurityEvent.id.desc())
    .limit(SHOWN)
)
_APPS = (
    select(Grant.app_id, Grant.scopes, Grant.created_at, App.name, App.website)
    .join(App, App.id == Grant.app_id)
    .where(Grant.user_id == _ME)
    .order_by(Grant.id.desc())
    .limit(SHOWN)
)


async def apps(db: Database, viewer: Viewer) -> list[Any]:
    """Whom the viewer lent rights to. Raises NotSignedIn."""
    return list(await db.read(_APPS, me=viewer.require_user()))


async def sign_ins(db: Database, viewer: Viewer) -> list[Any]:
    """Where the viewer is signed in. Raises NotSignedIn."""
    return list(await db.read(_SIGN_INS, me=viewer.require_user()))


async def events(db: Database, viewer: Viewer) -> list[Any]:
    """What happened to the viewer's account. Raises NotSignedIn."""
    return list(await db.read(_EVENTS, me=viewer.require_user()))
