"""Signing in with another provider: there, and back in the same browser. For pages.

What holds the two together is a challenge: its token is the `state`, and it keeps PKCE's verifier, the nonce, and which
browser it was. A provider is a first factor, as a password is: who has an authenticator app is asked for a code, too.
"""

import hashlib
import secrets
from dataclasses import dataclass

from auth import attempts, factors
from auth.attempts import Attempt
from auth.external.providers import Provider, Round
from core.errors import NotSignedIn, SecondFactorRequired
from core.settings import settings
from domain import audit, challenges, identities, sessions, users
from domain.audit import SecurityEventKind
from domain.challenges import Purpose
from domain.device import Device
from domain.sessions import Known
from domain.text import clean, clean_email, clean_handle
from domain.viewer import Viewer
from loaders.context import Services

LATE = "This sign-in was begun in another browser, was used already, or took too long: begin again."
DECLINED = "You weren't signed in there: begin again, or sign in otherwise."


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody who came back: known, or about to join with a `token`."""

    next: str
    user_id: int | None = None
    is_linked: bool = False
    token: str = ""
    challenge: str = ""
    """For the second factor, of somebody known who has one."""
    name: str = ""
    email: str = ""


async def begin(services: Services, viewer: Viewer, provider: Provider, *, browser: str, next: str, link: bool) -> str:
    """Where to send the browser: to sign in, or to `link` an identity to who is. Raises ProviderFailed, NotSignedIn."""
    nonce, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
    holds = {"provider": provider.name, "browser": _hash(browser), "nonce": nonce, "verifier": verifier, "next": next}
    async with services.db.write() as tx:
        user_id = viewer.require_user() if link else None
        state = challenges.make(tx, Purpose.EXTERNAL, user_id, **holds)
    return await provider.address(Round(_back_to(provider), state, nonce, verifier))


async def finish(
    services: Services, viewer: Viewer, device: Device, provider: Provider, *, browser: str, answer: dict[str, str]
) -> Arrival:
    """Who came back. Raises NotSignedIn, Conflict, ProviderFailed."""
    state = answer.get("state", "")
    async with services.db.write() as tx:
        asked = await challenges.take(tx, state, Purpose.EXTERNAL)
    is_ours = asked and (asked.holds["provider"], asked.holds["browser"]) == (provider.name, _hash(browser))
    if asked is None or not is_ours or asked.user_id not in (None, viewer.user_id):
        raise NotSignedIn(LATE)
    if "code" not in answer:
        raise NotSignedIn(DECLINED)
    way = Round(_back_to(provider), state, asked.holds["nonce"], asked.holds["verifier"])
    stranger, goes_on = await provider.stranger(way, answer), asked.holds["next"]
    identity = {"issuer": stranger.issuer, "subject": stranger.subject}
    known = await identities.owner(services.db, **identity)
    identity |= {"provider": provider.title, "label": stranger.label}
    if asked.user_id is not None:
        if known != asked.user_id:
            async with services.db.write() as tx:
                if not await sessions.goes_on(tx, asked.user_id, viewer.session_id):
                    raise NotSignedIn(LATE)
                await identities.link(tx, asked.user_id, device, **identity)
        return Arrival(goes_on, asked.user_id, is_linked=True)
    if known is not None:
        return await _let_on(services, known, goes_on)
    async with services.db.write() as tx:
        token = challenges.make(tx, Purpose.JOIN, None, browser=_hash(browser), identity=identity)
    return Arrival(goes_on, None, token=token, name=stranger.name, email=stranger.email)


async def join(
    services: Services,
    device: Device,
    *,
    browser: str,
    token: str,
    handle: str,
    name: str,
    email: str,
    captcha: str | None = None,
) -> int:
    """Make a person of somebody whom a provider knows: without a password.

    The address is a claim, as at any sign-up, whatever the provider says of it. Raises InvalidInput, NotSignedIn,
    Conflict, CaptchaRequired, RateLimited.
    """
    handle = clean_handle(handle, "input", "handle")
    name = clean(name, users.LONGEST_NAME, "input", "name", lines=False)
    email = clean_email(email, "input", "email")
    limits = attempts.of(services.limiter, Attempt.SIGN_UP, address=device.address, captcha=captcha)
    async with limits, services.db.write() as tx:
        asked = await challenges.take(tx, token, Purpose.JOIN)
        if asked is None or asked.holds["browser"] != _hash(browser):
            raise NotSignedIn(LATE)
        user = await users.register(tx, handle=handle, name=name, email=email, password_hash=None)
        await identities.link(tx, user.id, device, **asked.holds["identity"])
        audit.record(tx, user.id, SecurityEventKind.SIGNED_UP, device)
    return user.id


async def _let_on(services: Services, user_id: int, goes_on: str) -> Arrival:
    try:
        await factors.require_second(services, Known(user_id))
    except SecondFactorRequired as step:
        return Arrival(goes_on, user_id, challenge=step.challenge)
    return Arrival(goes_on, user_id)


def _back_to(provider: Provider) -> str:
    return f"{settings().origin}/sign-in/with/{provider.name}/callback"


def _hash(browser: str) -> str:
    return hashlib.sha256(b"external:" + browser.encode()).hexdigest()
