"""Who comes back with a password: the one way in for the API and for pages."""

from auth import attempts, factors, passwords
from auth.attempts import Attempt
from core.errors import NotSignedIn
from domain import audit, sessions, users
from domain.audit import SecurityEventKind
from domain.device import Device
from domain.sessions import Known
from domain.viewer import Viewer
from loaders.context import Services
from loaders.sessions import account_by_login

WRONG = "Wrong handle, e-mail address or password. An address signs in once it is confirmed."


async def by_password(
    services: Services, device: Device, *, login: str, password: str, captcha: str | None = None
) -> Known:
    """Whose handle or e-mail address and password these are: one answer, after the same work, whatever was wrong.

    Raises NotSignedIn, SecondFactorRequired, RateLimited, CaptchaRequired, Unavailable.
    """
    attempt = attempts.of(services.limiter, Attempt.SIGN_IN, account=login, address=device.address, captcha=captcha)
    async with attempt:
        account = await account_by_login(services.db, login)
        is_right = await passwords.verify(account and account.password_hash, password)
        if not is_right or account is None:
            await audit.record_failure(services.db, account and account.user_id, device)
            raise NotSignedIn(WRONG)
    if passwords.are_weaker(account.password_hash):
        await users.rehash(services.db, account.user_id, account.password_hash, await passwords.hash_password(password))
    who = Known(account.user_id, account.password_version)
    await factors.require_second(services, who)
    return who


async def in_browser(services: Services, device: Device, who: Known, before: Viewer) -> str:
    """Begin a browser's session in place of the one it had `before`: its secret. Raises NotSignedIn, Suspended."""
    async with services.db.write() as tx:
        secret = await sessions.begin_in_browser(tx, who, device, instead_of=before.session_id)
        audit.record(tx, who.user_id, SecurityEventKind.SIGNED_IN, device)
    return secret
