"""An account from its beginning: signing up, its address, its password. For the API and for pages alike.

All of it needs PostgreSQL, and raises Unavailable while that is away; attempts are counted without Redis, too.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from auth import attempts, passwords, strength
from auth.attempts import Attempt
from core.errors import InvalidInput
from core.transactions import Transaction
from domain import addresses, audit, links, resets, users
from domain.audit import SecurityEventKind
from domain.device import Device
from domain.links import Purpose
from domain.sessions import Known
from domain.text import clean, clean_email, clean_handle
from domain.viewer import Viewer
from loaders.context import Services
from loaders.factors import signed_in_lately

T = TypeVar("T")

WRONG = "This isn't your password."
LATE = "You have no password: sign in once more in its stead."
NONE = "You have no password yet: ask for one by e-mail, as if it were forgotten."


async def sign_up(
    services: Services,
    device: Device,
    begin: Callable[[Transaction, Known, Device], Awaitable[T]],
    *,
    handle: str,
    name: str,
    email: str,
    password: str,
    captcha: str | None = None,
) -> T:
    """Make a person with an account, write to the address, and `begin` their session.

    Who has the address already gets another letter, and nobody is told. Raises InvalidInput,
    CaptchaRequired, RateLimited.
    """
    handle = clean_handle(handle, "input", "handle")
    name = clean(name, users.LONGEST_NAME, "input", "name", lines=False)
    email = clean_email(email, "input", "email")
    await strength.check(password, (handle, name, email), "input", "password")
    async with attempts.of(services.limiter, Attempt.SIGN_UP, address=device.address, captcha=captcha):
        password_hash = await passwords.hash_password(password)
        async with services.db.write() as tx:
            user = await users.register(tx, handle=handle, name=name, email=email, password_hash=password_hash)
            opened = await begin(tx, Known(user.id), device)
            audit.record(tx, user.id, SecurityEventKind.SIGNED_UP, device)
    return opened


async def resend_verification(services: Services, viewer: Viewer, device: Device) -> None:
    """Send the letter to confirm the address by once more. Raises NotSignedIn, InvalidInput, RateLimited."""
    me = viewer.require_user()
    async with attempts.of(services.limiter, Attempt.LETTER, account=me, address=device.address):
        await addresses.ask_again(services.db, viewer)


async def change_email(services: Services, viewer: Viewer, device: Device, *, email: str, password: str | None) -> None:
    """Ask for another address, which is it once it is confirmed. Raises NotSignedIn, InvalidInput, RateLimited.

    Who has no password must have signed in within ten minutes in its stead: nobody is stuck with a mistyped address.
    """
    person = await addresses.with_password(services.db, viewer)
    email = clean_email(email, "input", "email")
    if person.password_hash is not None:
        await _verify(services, person, password or "", "input", "password")
    elif not await signed_in_lately(services.db, viewer):
        raise InvalidInput.at("input", "password", message=LATE)
    async with attempts.of(services.limiter, Attempt.LETTER, account=person.user_id, address=device.address):
        await addresses.change(services.db, viewer, email, device)


async def use_email_link(services: Services, device: Device, token: str) -> int:
    """Do what a link about an address is for, and return whose it is. Raises InvalidInput."""
    return await addresses.use(services.db, token, device)


async def request_reset(services: Services, device: Device, email: str) -> None:
    """Have a link for a new password sent to an address, if it is somebody's. Raises InvalidInput, RateLimited."""
    email = clean_email(email, "input", "email")
    async with attempts.of(services.limiter, Attempt.LETTER, account=email, address=device.address):
        await resets.ask(services.db, email, device)


async def reset_password(services: Services, device: Device, token: str, password: str) -> int:
    """Choose a new password by a link, and return whose it is. All sessions end. Raises InvalidInput."""
    person = await links.peek(services.db, token, Purpose.RESET_PASSWORD)
    if person is None:
        raise links.no_longer_good()
    await strength.check(password, (person.handle, person.name, person.current_email), "input", "password")
    return await resets.reset(services.db, token, await passwords.hash_password(password), device)


async def change_password(services: Services, viewer: Viewer, device: Device, *, current: str, new: str) -> None:
    """Change the viewer's password; other sign-ins end. Raises NotSignedIn, InvalidInput, RateLimited."""
    person = await require_password(services, viewer, device, current, "input", "currentPassword")
    await strength.check(new, (person.handle, person.name, person.email), "input", "newPassword")
    password_hash = await passwords.hash_password(new)
    await resets.change(services.db, viewer, password_hash, device, instead_of=person.password_version)


async def require_password(services: Services, viewer: Viewer, device: Device, password: str, *path: str) -> Any:
    """The viewer, if this is the password. Raises NotSignedIn, RateLimited, and InvalidInput at `path`."""
    person = await addresses.with_password(services.db, viewer)
    if person.password_hash is None:
        raise InvalidInput.at(*path, message=NONE)
    await _verify(services, person, password, *path)
    return person


async def _verify(services: Services, person: Any, password: str, *path: str) -> None:
    async with attempts.of(services.limiter, Attempt.SECOND_FACTOR, account=f"password:{person.user_id}"):
        if not await passwords.verify(person.password_hash, password):
            raise InvalidInput.at(*path, message=WRONG)
