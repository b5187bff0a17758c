"""The device flow, RFC 8628: what the device does, and what the page does where somebody types its code."""

from collections.abc import Collection
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from authlib.oauth2.rfc6749 import AccessDeniedError, InvalidGrantError, InvalidScopeError, UnauthorizedClientError
from authlib.oauth2.rfc8628 import (
    DEVICE_CODE_GRANT_TYPE,
    AuthorizationPendingError,
    DeviceAuthorizationEndpoint,
    DeviceCodeGrant,
    ExpiredTokenError,
    SlowDownError,
)

from auth import attempts
from auth.attempts import Attempt
from auth.oauth.authorize import Person
from auth.oauth.bridge import Answer, Server, run, wait
from auth.oauth.requests import Request
from auth.oauth.tokens import ANYHOW, Allowed, Issuing
from core.database import Database
from core.ids import encode
from core.limits import Limiter
from core.settings import settings
from domain import devices, grants, sessions
from domain.device import Device
from domain.scopes import ASKABLE

PAGE = "/oauth/device"


class DeviceAuthorization(DeviceAuthorizationEndpoint):  # type: ignore[misc]
    """Gives a device two codes: one to keep, one to show."""

    EXPIRES_IN = int(devices.LIFETIME.total_seconds())
    INTERVAL = devices.INTERVAL

    def get_verification_uri(self) -> str:
        """Where the code is typed."""
        return settings().origin + PAGE

    def generate_user_code(self) -> str:
        """The code to show."""
        return devices.make_user_code()

    def authenticate_client(self, request: Request) -> Any:
        """The app, if it registered for this."""
        client = super().authenticate_client(request)
        if not client.check_grant_type(DEVICE_CODE_GRANT_TYPE):
            raise UnauthorizedClientError("The app didn't register for the device flow.")
        self.client = client
        return client

    def save_device_credential(self, _client_id: str, scope: str | None, data: dict[str, str]) -> None:
        """Have it wait."""
        allowed = self.client.get_allowed_scope(scope)
        if allowed is None:
            raise InvalidScopeError
        codes = {name: data[name] for name in ("device_code", "user_code")}
        wait(devices.wait(self.server.tx, self.client.app.id, allowed.split(), **codes))


class Waiting(Issuing, DeviceCodeGrant):  # type: ignore[misc]
    """The device asks whether it was let in."""

    TOKEN_ENDPOINT_AUTH_METHODS = ANYHOW

    def query_device_credential(self, device_code: str) -> "Credential":
        """The device, held: one question at a time."""
        row = wait(devices.poll(self.server.tx, device_code, self.request.client.app.id))
        if row is None:
            raise InvalidGrantError("No device of the app waits with this code.")
        return Credential(row)

    def validate_device_credential(self, credential: "Credential") -> str:
        """Who let it in. Raises what RFC 8628, section 3.5 has for those who weren't."""
        row = credential.row
        if row.denied_at is not None:
            raise AccessDeniedError
        if credential.is_expired():
            raise ExpiredTokenError
        if row.grant_id is None:
            raise SlowDownError if devices.is_hasty(self.server.tx, row) else AuthorizationPendingError
        self.request.authorization_code = credential
        return encode("user", row.user_id)

    def open(self, _: str | None) -> sessions.Lent:
        """A session of who let it in; the code is used up."""
        row, client = self.request.credential.row, self.request.client
        devices.use_up(self.server.tx, row)
        return wait(grants.open_session(self.server.tx, row, client.app, self.server.device, self.key))


class Credential(Allowed):
    """A waiting device as Authlib asks about it."""

    def is_expired(self) -> bool:
        """Whether it waited for too long."""
        return bool(self.row.expires_at < datetime.now(UTC))

    def get_client_id(self) -> str:
        """Whose it is."""
        return encode("app", self.row.app_id)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person is asked whose code is known."""

    user_code: str
    """The code as the device shows it."""
    name: str
    website: str | None
    scopes: dict[str, str]
    """What the app asks for, in plain words, by scope."""


async def look_up(db: Database, limiter: Limiter, user_code: str, person: Person, device: Device) -> Asked | None:
    """What the device with this code asks for; None for no such code. Raises RateLimited, Unavailable."""
    async with _attempt(limiter, person, device) as attempt, db.write() as tx:
        row = await devices.waiting(tx, user_code)
        if row is None:
            attempt.fail()
            return None
    return Asked(
        devices.spaced(devices.normal(user_code)),
        row.name,
        row.website,
        {scope: ASKABLE[scope] for scope in row.scopes},
    )


async def approve(
    db: Database,
    limiter: Limiter,
    user_code: str,
    person: Person,
    device: Device,
    *,
    scopes: Collection[str] | None = None,
) -> bool:
    """Let the device in, with what it asks for or less; False for no such code. Raises RateLimited, Unavailable."""
    async with _attempt(limiter, person, device) as attempt, db.write() as tx:
        found = await sessions.goes_on(tx, person.user_id, person.session_id) and await devices.allow(
            tx,
            user_code,
            person.user_id,
            authenticated_at=person.authenticated_at,
            scopes=scopes,
            device=device,
        )
        if not found:
            attempt.fail()
    return found


async def deny(db: Database, limiter: Limiter, user_code: str, person: Person, device: Device) -> bool:
    """Keep the device out; False for no such code. Raises RateLimited, Unavailable."""
    async with _attempt(limiter, person, device) as attempt, db.write() as tx:
        found = await devices.deny(tx, user_code)
        if not found:
            attempt.fail()
    return found


def _attempt(limiter: Limiter, person: Person, device: Device) -> AbstractAsyncContextManager[attempts.Trial]:
    """One guess at a code: somebody who guesses is soon told to wait, RFC 8628, section 5.1."""
    return attempts.of(limiter, Attempt.USER_CODE, account=person.user_id, address=device.address)


def parts(server: Server) -> None:
    """Where a device begins."""
    server.register_endpoint(DeviceAuthorization)


async def begin(db: Database, device: Device, request: Request) -> Answer:
    """Give a device its codes. Raises Unavailable."""
    return await run(db, device, parts, lambda server: server.create_endpoint_response("device_authorization", request))
