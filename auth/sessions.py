"""Sign up, sign in, carry a session on, sign out."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from auth import accounts, factors, passkeys, tokens
from auth.login import by_password
from core.settings import settings
from domain import audit, endings, sessions
from domain.audit import SecurityEventKind
from domain.sessions import Known
from domain.viewer import Viewer
from loaders.context import Info

if TYPE_CHECKING:
    from schema.passkeys import SignInWithPasskeyInput
    from schema.sessions import CompleteSignInInput, RefreshSessionInput, SignInInput, SignUpInput


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What a client needs to go on as somebody."""

    access_token: str
    refresh_token: str
    expires_in: int
    viewer_id: int


async def sign_up(info: Info, input: "SignUpInput") -> SignedIn:
    """See `accounts.sign_up`."""
    context = info.context
    opened = await accounts.sign_up(
        context.services,
        context.device,
        sessions.begin,
        handle=input.handle,
        name=input.name,
        email=input.email,
        password=input.password,
        captcha=input.captcha,
    )
    return _signed_in(info, opened)


async def sign_in(info: Info, input: "SignInInput") -> SignedIn:
    """Sign in by handle or e-mail address.

    Raises NotSignedIn, SecondFactorRequired, RateLimited, CaptchaRequired, Suspended, Unavailable.
    """
    context = info.context
    who = await by_password(
        context.services, context.device, login=input.login, password=input.password, captcha=input.captcha
    )
    return await _begin(info, who)


async def complete_sign_in(info: Info, input: "CompleteSignInInput") -> SignedIn:
    """Sign in by a second factor. Raises NotSignedIn, RateLimited, Suspended, Unavailable."""
    context = info.context
    return await _begin(info, await factors.complete(context.services, context.device, input.challenge, input.code))


async def sign_in_with_passkey(info: Info, input: "SignInWithPasskeyInput") -> SignedIn:
    """Sign in by a passkey alone. Raises NotSignedIn, Suspended, Unavailable."""
    context = info.context
    return await _begin(info, Known(await passkeys.sign_in(context.services, context.device, input.credential)))


async def refresh_session(info: Info, input: "RefreshSessionInput") -> SignedIn:
    """Trade a refresh token for new tokens. Raises NotSignedIn."""
    return _signed_in(info, await sessions.rotate(info.context.db, input.refresh_token, info.context.device))


async def sign_out(info: Info) -> bool:
    """End the session that the access token is of. Raises NotSignedIn."""
    await endings.end(info.context.db, info.context.viewer, info.context.device)
    info.context.act_as(Viewer())
    return True


async def _begin(info: Info, who: Known) -> SignedIn:
    device = info.context.device
    async with info.context.db.write() as tx:
        opened = await sessions.begin(tx, who, device)
        audit.record(tx, who.user_id, SecurityEventKind.SIGNED_IN, device)
    return _signed_in(info, opened)


def _signed_in(info: Info, opened: sessions.Opened) -> SignedIn:
    info.context.act_as(Viewer(opened.user_id, opened.session_id))
    token = tokens.issue(opened.user_id, opened.session_id)
    return SignedIn(token, opened.refresh_token, settings().access_token_seconds, opened.user_id)
