"""Sign up, sign in, carry a session on, sign out."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from auth import passwords, tokens
from core.errors import NotSignedIn
from core.settings import settings
from domain import audit, sessions, users
from domain.audit import SecurityEventKind
from domain.text import clean, clean_email, clean_handle
from domain.viewer import Viewer
from loaders.context import Info
from loaders.sessions import account_by_login

if TYPE_CHECKING:
    from schema.sessions import RefreshSessionInput, SignInInput, SignUpInput

WRONG = "Wrong handle, e-mail address or password."


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What a client needs to go on as somebody."""

    access_token: str
    refresh_token: str
    expires_in: int
    viewer_id: int


async def sign_up(info: Info, input: "SignUpInput") -> SignedIn:
    """Make a person with an account, and sign them in. Raises InvalidInput, Unavailable."""
    handle = clean_handle(input.handle, "input", "handle")
    name = clean(input.name, users.LONGEST_NAME, "input", "name", lines=False)
    email = clean_email(input.email, "input", "email")
    passwords.check(input.password, "input", "password")
    password_hash = await passwords.hash_password(input.password)
    async with info.context.db.write() as tx:
        user = await users.register(tx, handle=handle, name=name, email=email, password_hash=password_hash)
        opened = await sessions.begin(tx, user.id, info.context.device)
        audit.record(tx, user.id, SecurityEventKind.SIGNED_UP, info.context.device)
    return _signed_in(info, opened)


async def sign_in(info: Info, input: "SignInInput") -> SignedIn:
    """Sign in by handle or e-mail address: one answer, after the same work, whatever was wrong. Raises NotSignedIn."""
    account = await account_by_login(info.context.db, input.login)
    if not await passwords.verify(account and account.password_hash, input.password) or account is None:
        raise NotSignedIn(WRONG)
    async with info.context.db.write() as tx:
        opened = await sessions.begin(tx, account.user_id, info.context.device)
        audit.record(tx, account.user_id, SecurityEventKind.SIGNED_IN, info.context.device)
    return _signed_in(info, opened)


async def refresh_session(info: Info, input: "RefreshSessionInput") -> SignedIn:
    """Trade a refresh token for new tokens. Raises NotSignedIn."""
    return _signed_in(info, await sessions.rotate(info.context.db, input.refresh_token, info.context.device))


async def sign_out(info: Info) -> bool:
    """End the session that the access token is of. Raises NotSignedIn."""
    await sessions.end(info.context.db, info.context.viewer, info.context.device)
    info.context.act_as(Viewer())
    return True


def _signed_in(info: Info, opened: sessions.Opened) -> SignedIn:
    info.context.act_as(Viewer(opened.user_id, opened.session_id))
    token = tokens.issue(opened.user_id, opened.session_id)
    return SignedIn(token, opened.refresh_token, settings().access_token_seconds, opened.user_id)
