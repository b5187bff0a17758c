"""Second factors: asked for after a password, and whenever somebody changes how they sign in. For API and pages."""

from dataclasses import dataclass

import pyotp

from auth import accounts, attempts
from auth.attempts import Attempt
from core.errors import InvalidInput, NotSignedIn, SecondFactorRequired
from domain import addresses, audit, challenges, totp
from domain.challenges import Purpose
from domain.device import Device
from domain.sessions import Known
from domain.viewer import Viewer
from loaders.context import Services
from loaders.factors import signed_in_lately

ENDED = "This sign-in has taken too long, or too many codes: begin again."
WRONG = "Not a code that is good now: wait for the app's next one, or use a recovery code."
UNPROVED = "Show that it is you: sign in once more, or send your password or a code of your app along."


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator app is told."""

    secret: str
    uri: str

    @property
    def qr_svg(self) -> str:
        """The URI as a QR code."""
        import segno  # 3 MB

        return str(segno.make(self.uri, error="m").svg_inline(scale=4, border=4, light="#fff", dark="#000"))


async def require_second(services: Services, who: Known) -> None:
    """Let somebody on who has shown one factor, unless there is another to show. Raises SecondFactorRequired."""
    if await totp.is_on(services.db, who.user_id):
        async with services.db.write() as tx:
            challenge = challenges.make(tx, Purpose.SIGN_IN, who.user_id, password=who.password)
        raise SecondFactorRequired(challenge)


async def complete(services: Services, device: Device, challenge: str, code: str) -> Known:
    """Who has a challenge, and now a code for it. Raises NotSignedIn, RateLimited."""
    asked = await challenges.peek(services.db, challenge, Purpose.SIGN_IN)
    if asked is None or asked.user_id is None:
        raise NotSignedIn(ENDED)
    who = Known(asked.user_id, asked.holds.get("password"))
    limits = attempts.of(services.limiter, Attempt.SECOND_FACTOR, account=f"code:{who.user_id}", address=device.address)
    async with limits:
        if not await _answer(services, device, challenge, code):
            await audit.record_failure(services.db, who.user_id, device)
            raise NotSignedIn(WRONG)
    return who


async def prove(
    services: Services, viewer: Viewer, device: Device, *, password: str | None = None, code: str | None = None
) -> None:
    """Have the viewer show once more who it is: by password, by code, or by having signed in within ten minutes.

    Raises NotSignedIn, RateLimited, and InvalidInput at what was wrong.
    """
    me = viewer.require_user()
    if password is not None:
        await accounts.require_password(services, viewer, device, password, "input", "password")
    elif code is not None:
        async with attempts.of(services.limiter, Attempt.SECOND_FACTOR, account=f"code:{me}", address=device.address):
            async with services.db.write() as tx:
                is_right = await totp.spend(tx, me, code, device)
            if not is_right:
                raise InvalidInput.at("input", "code", message=WRONG)
    elif not await signed_in_lately(services.db, viewer):
        raise InvalidInput.at("input", "password", message=UNPROVED)


async def begin_totp(
    services: Services, viewer: Viewer, device: Device, *, password: str | None = None, code: str | None = None
) -> Enrolment:
    """A secret for the viewer's app. Raises NotSignedIn, InvalidInput, RateLimited, Conflict."""
    await prove(services, viewer, device, password=password, code=code)
    person, secret = await addresses.of(services.db, viewer), await totp.begin(services.db, viewer)
    return Enrolment(secret, pyotp.TOTP(secret).provisioning_uri(name=person.handle, issuer_name="Starling"))


async def confirm_totp(services: Services, viewer: Viewer, device: Device, code: str) -> list[str]:
    """Turn the app on by a code that it shows: the recovery codes. Raises as above."""
    async with attempts.of(services.limiter, Attempt.SECOND_FACTOR, account=f"new:{viewer.require_user()}"):
        return await totp.confirm(services.db, viewer, code, device)


async def disable_totp(
    services: Services, viewer: Viewer, device: Device, *, password: str | None = None, code: str | None = None
) -> None:
    """Turn the app off. Raises as above."""
    await prove(services, viewer, device, password=password, code=code)
    await totp.remove(services.db, viewer, device)


async def new_recovery_codes(
    services: Services, viewer: Viewer, device: Device, *, password: str | None = None, code: str | None = None
) -> list[str]:
    """Other recovery codes. Raises as above."""
    await prove(services, viewer, device, password=password, code=code)
    return await totp.renew_codes(services.db, viewer, device)


async def _answer(services: Services, device: Device, challenge: str, code: str) -> bool:
    async with services.db.write() as tx:
        asked = await challenges.hold(tx, challenge, Purpose.SIGN_IN)
        if asked is None or asked.user_id is None:
            return False
        is_right = await totp.spend(tx, asked.user_id, code, device)
        challenges.settle(tx, asked, is_right=is_right)
    return is_right
