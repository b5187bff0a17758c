"""Apps as the authorization server knows them: what they may do, and whether they are who they say."""

import hashlib
import hmac
import re
import secrets
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from sqlalchemy import BigInteger, bindparam, select

from core.errors import InvalidInput
from core.ids import decode_as, encode
from core.transactions import Transaction
from domain import audit
from domain.audit import SecurityEventKind
from domain.device import Device
from domain.registration import Described
from models.apps import App

SECRET_GRACE = timedelta(days=1)
"""How long the secret before the last one is good, so that an app is moved to the next without an outage."""
_LOOPBACK = re.compile(r"http://(127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?([/?].*|)")

_APP = select(App).where(App.id == bindparam("id", type_=BigInteger))


async def find(tx: Transaction, client_id: str) -> App | None:
    """The app of a client id, if there is one."""
    try:
        number = decode_as("app", client_id)
    except InvalidInput:
        return None
    return await tx.first(_APP, id=number)


async def make(
    tx: Transaction, described: Described, *, owner_id: int | None = None, device: Device | None = None
) -> tuple[App, str | None]:
    """A new app, and its secret, which nobody sees again; None for an app that couldn't keep one."""
    secret = None if described.auth_method == "none" else make_secret()
    app = await tx.insert(App, owner_id=owner_id, secret_hash=secret and hashed(secret), **asdict(described))
    if owner_id is not None:
        audit.record(tx, owner_id, SecurityEventKind.APP_CREATED, device, app=encode("app", app.id))
    return app, secret


def is_secret(app: App, secret: str) -> bool:
    """Whether it is the app's secret, or the one before for as long as that is good."""
    given = hashed(secret)
    is_current = hmac.compare_digest(app.secret_hash or b"", given)
    is_previous = hmac.compare_digest(app.previous_secret_hash or b"", given)
    until = app.previous_secret_until
    return is_current or (is_previous and until is not None and datetime.now(UTC) < until)


def may_return_to(app: App, uri: str) -> bool:
    """Whether a redirect URI is registered, to the letter; the port of a loopback address aside, RFC 8252, 7.3."""
    return uri in app.redirect_uris or any(_differs_by_port(known, uri) for known in app.redirect_uris)


def _differs_by_port(known: str, uri: str) -> bool:
    ours, theirs = _LOOPBACK.fullmatch(known), _LOOPBACK.fullmatch(uri)
    return bool(ours and theirs and ours.groups() == theirs.groups())


def make_secret() -> str:
    """256 random bits, behind a prefix by which secret scanners know them."""
    return f"starling_app_{secrets.token_urlsafe(32)}"


def hashed(secret: str) -> bytes:
    """As it is kept: 256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode()).digest()
