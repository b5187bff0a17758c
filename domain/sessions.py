"""What may happen to a session until it ends: begin, and be carried on with a rotated refresh token.

Refresh tokens are opaque, kept as SHA-256 and good for one use. The next one is derived from the last with a key, so
that a client which lost the answer gets the same successor again for `GRACE`; after that a used token is a replay, and
ends the session (RFC 9700, section 4.14.2).
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert

from core.database import Database
from core.errors import NotSignedIn
from core.settings import settings
from core.transactions import Transaction
from domain import endings, moderation
from domain.audit import SecurityEventKind
from domain.device import Device
from models.apps import App
from models.sessions import RefreshToken, Session, SessionKind

GRACE = timedelta(seconds=10)
_INVALID = "This refresh token is no longer good: sign in again."
_CHANGED = "The password was changed meanwhile: sign in again."

_IS_IT = Session.id == bindparam("id", type_=BigInteger)
_HELD = select(Session).where(_IS_IT).with_for_update(key_share=True)
_GO_ON = (
    update(Session)
    .where(_IS_IT)
    .values(last_used_at=func.now(), expires_at=bindparam("expires_at"), jkt=bindparam("jkt"))
)
_IS_USED = RefreshToken.token_hash == bindparam("hash")
_USED = select(RefreshToken).where(_IS_USED).with_for_update()
_IS_OPEN = Session.revoked_at.is_(None) & (Session.expires_at > func.now())
_OPEN = select(Session).where(_IS_IT, _IS_OPEN)
_OF_TOKEN = (
    select(Session, RefreshToken.expires_at.label("token_expires_at"))
    .join(Session, Session.id == RefreshToken.session_id)
    .where(_IS_USED, RefreshToken.used_at.is_(None), RefreshToken.expires_at > func.now(), _IS_OPEN)
)
_FIRST_USE = (
    update(App).where(App.id == bindparam("app_id", type_=BigInteger), App.used_at.is_(None)).values(used_at=func.now())
)
_USE_UP = update(RefreshToken).where(_IS_USED).values(used_at=bindparam("now"))
_KEEP = (
    insert(RefreshToken)
    .values({name: bindparam(name) for name in ("token_hash", "session_id", "expires_at")})
    .on_conflict_do_nothing()
)


class Known(NamedTuple):
    """Who has shown who they are."""

    user_id: int
    password: int | None = None
    """The version of the password by which they did, if by one."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that goes on: whose, and the token that carries it further."""

    session_id: int
    user_id: int
    refresh_token: str


@dataclass(frozen=True, slots=True)
class Lent:
    """A session that an app has: of somebody who lent it rights, or of its own."""

    session_id: int
    user_id: int | None
    scopes: Sequence[str]
    refresh_token: str | None


async def begin(tx: Transaction, who: Known, device: Device | None = None) -> Opened:
    """Sign somebody in. Raises Suspended, and NotSignedIn where the password is another by now."""
    await _let_in(tx, who)
    session = await _open(tx, device, user_id=who.user_id)
    token = secrets.token_urlsafe(32)
    _keep(tx, session.id, token)
    return Opened(session.id, who.user_id, token)


async def begin_in_browser(tx: Transaction, who: Known, device: Device, *, instead_of: int | None = None) -> str:
    """Sign somebody in, `instead_of` the browser's last session, and return the cookie's secret. Raises as above."""
    await _let_in(tx, who)
    secret = secrets.token_urlsafe(32)
    await _open(tx, device, user_id=who.user_id, kind=SessionKind.BROWSER, secret_hash=_hash(secret))
    if instead_of is not None:
        await endings.revoke(tx, instead_of, SecurityEventKind.SIGNED_OUT, device)
    return secret


async def rotate(db: Database, token: str, device: Device | None = None) -> Opened:
    """Use a refresh token up, for the next one. Raises NotSignedIn, Suspended; a replay ends the session."""
    async with db.write() as tx:
        turned = await _rotate(tx, token, device)
    if turned is None:
        raise NotSignedIn(_INVALID)
    session, successor = turned
    return Opened(session.id, session.user_id or 0, successor)


async def begin_lent(
    tx: Transaction,
    app_id: int,
    scopes: Sequence[str],
    *,
    user_id: int | None = None,
    grant_id: int | None = None,
    renewable: bool = False,
    jkt: str | None = None,
    device: Device | None = None,
) -> Lent:
    """Let an app in, with a refresh token, bound to a key or not, or for as long as one access token is good.

    Raises Suspended.
    """
    if user_id is not None:
        await moderation.refuse_suspended(tx, user_id)
    session = await _open(
        tx,
        device,
        user_id=user_id,
        kind=SessionKind.APP,
        app_id=app_id,
        grant_id=grant_id,
        scopes=list(scopes),
        jkt=jkt,
        expires_at=_expiry() if renewable else datetime.now(UTC) + timedelta(seconds=settings().access_token_seconds),
    )
    tx.later(_FIRST_USE, app_id=app_id)
    token = secrets.token_urlsafe(32) if renewable else None
    if token:
        _keep(tx, session.id, token)
    return Lent(session.id, user_id, scopes, token)


async def rotate_lent(
    tx: Transaction,
    token: str,
    app_id: int,
    device: Device | None = None,
    jkt: str | None = None,
    *,
    asked: Collection[str] = (),
) -> Lent | None:
    """Use an app's refresh token up, for the next one. Raises Suspended; a replay ends the session.

    The next one is bound to the key that the app has shown to have; one that is bound already is good with it alone.
    Where scopes are `asked` for that the session hasn't got, the token stays as it is.
    """
    turned = await _rotate(tx, token, device, app_id, jkt, asked)
    if turned is None:
        return None
    session, successor = turned
    return Lent(session.id, session.user_id, session.scopes or (), successor)


async def goes_on(tx: Transaction, user_id: int, session_id: int | None) -> bool:
    """Whether a session is open, whatever this process has heard; asked before it lets somebody else in.

    Its account is held meanwhile. So who ends all sessions waits for what comes of this one, and ends that, too.
    """
    await moderation.hold(tx, user_id)
    return await tx.first(_OPEN, id=session_id) is not None


async def open_one(tx: Transaction, session_id: int) -> Session | None:
    """The session, if it isn't over."""
    return await tx.first(_OPEN, id=session_id)


async def of_refresh_token(tx: Transaction, token: str) -> Any | None:
    """The session that a refresh token carries on, with `token_expires_at`; None for a used one."""
    return await tx.first(_OF_TOKEN, hash=_hash(token))


async def _let_in(tx: Transaction, who: Known) -> None:
    """Hold the account until the session is there: who changes the password ends all sessions, this one too."""
    account = await moderation.hold(tx, who.user_id)
    moderation.refuse(account)
    if account and who.password is not None and account.password_version != who.password:
        raise NotSignedIn(_CHANGED)


async def _open(tx: Transaction, device: Device | None, *, user_id: int | None, **values: Any) -> Session:
    """A session from here on, as long as a refresh token lasts unless it is said."""
    address, agent = (device.address, device.name) if device else (None, None)
    values = {"expires_at": _expiry(), **values}
    return await tx.insert(Session, user_id=user_id, address=address, agent=agent, **values)


async def _rotate(
    tx: Transaction,
    token: str,
    device: Device | None,
    app_id: int | None = None,
    jkt: str | None = None,
    asked: Collection[str] = (),
) -> tuple[Session, str] | None:
    """The session and its next token, for the app that has it, or for none, and for who has its key."""
    used = await tx.first(_USED, hash=_hash(token))
    if used is None:
        return None
    [session] = await tx.rows(_HELD, id=used.session_id)
    now = datetime.now(UTC)
    if session.app_id != app_id or session.revoked_at is not None or used.expires_at < now:
        return None
    if session.jkt not in (None, jkt):
        return None
    if used.used_at is not None and used.used_at < now - GRACE:
        await endings.revoke(tx, session.id, SecurityEventKind.TOKEN_REPLAYED, device)
        return None
    if session.user_id is not None:
        await moderation.refuse_suspended(tx, session.user_id)
    if not frozenset(session.scopes or ()).issuperset(asked):
        return session, token
    successor = _successor(token)
    if used.used_at is None:
        tx.later(_USE_UP, hash=used.token_hash, now=now)
        _keep(tx, session.id, successor)
        tx.later(_GO_ON, id=session.id, expires_at=_expiry(), jkt=jkt)
    return session, successor


def _keep(tx: Transaction, session_id: int, token: str) -> None:
    tx.later(_KEEP, token_hash=_hash(token), session_id=session_id, expires_at=_expiry())


def _expiry() -> datetime:
    return datetime.now(UTC) + timedelta(days=settings().refresh_token_days)


def _successor(token: str) -> str:
    key = settings().secret.get_secret_value().encode()
    return urlsafe_b64encode(hmac.digest(key, b"refresh:" + token.encode(), "sha256")).decode().rstrip("=")


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
