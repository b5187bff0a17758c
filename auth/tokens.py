"""Who is calling, by what they show: an access token, a personal one, or a browser's cookie.

Access tokens are short-lived JWTs after RFC 9068. Each credential is verified once per process, together with its
session in the database, and is then known by its hash.
"""

import asyncio
import hashlib
import math
import secrets
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from auth import personal
from auth.keys import ring
from auth.proofs import InvalidProof, Shown, check
from core.database import Database
from core.errors import NotSignedIn, Unavailable
from core.ids import encode
from core.limits import Limiter
from core.settings import settings
from domain import access
from domain.keys import ALGORITHM
from domain.viewer import Viewer
from loaders.sessions import OpenSessions, viewer_by_secret, viewer_of
from models.sessions import SessionKind

FIRST_PARTY = "starling"
"""The client that signs people in itself."""
TYPE = "at+jwt"
REMEMBERED = 50_000
REMEMBERED_SECRETS = 60.0
"""Seconds after which cookies and personal tokens are verified anew, which puts down that they are used."""
EXPIRED = "This access token has expired: get a new one with refreshSession."
INVALID = "This access token is not valid: sign in again."


@dataclass(frozen=True, slots=True)
class Verified:
    """A credential that was found good, and until when."""

    viewer: Viewer
    expires_at: float
    jkt: str | None = None
    """The thumbprint of the key that it is bound to; None: whoever bears it may call."""


NOBODY = Verified(Viewer(), math.inf)


def audience() -> str:
    """What tokens are for: the API, as a resource (RFC 8707)."""
    return f"{settings().origin}/graphql"


def issue(
    user_id: int | None,
    session_id: int,
    *,
    client_id: str = FIRST_PARTY,
    scope: str | None = None,
    jkt: str | None = None,
) -> str:
    """A token for `access_token_seconds`. Without a user, the client acts for itself. Raises Unavailable."""
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": settings().origin,
        "aud": audience(),
        "sub": _subject(user_id, client_id),
        "client_id": client_id,
        "sid": str(session_id),
        "iat": now,
        "exp": now + settings().access_token_seconds,
        "jti": secrets.token_urlsafe(12),
    }
    if scope is not None:
        claims["scope"] = scope
    if jkt is not None:
        claims["cnf"] = {"jkt": jkt}
    return jwt.encode(ring.signing_header(TYPE), claims, ring.signing_key(), algorithms=[ALGORITHM])


def _subject(user_id: int | None, client_id: str) -> str:
    return client_id if user_id is None else encode("user", user_id)


class Tokens:
    """Turns credentials into viewers. One per process; told of revoked sessions by the live stream."""

    def __init__(self, db: Database, limiter: Limiter) -> None:
        self._db, self._sessions, self._limiter = db, OpenSessions(db), limiter
        self._verified: dict[bytes, Verified] = {}
        self._revocations = 0
        self._touching: set[asyncio.Task[None]] = set()

    async def verified(
        self,
        authorization: str | None,
        cookie: str | None = None,
        shown: Shown | None = None,
        *,
        in_a_crowd: bool = False,
        is_proven: bool = False,
    ) -> Verified:
        """Whom an `Authorization` header speaks for, or else a cookie. Raises NotSignedIn, Unavailable.

        A token that is bound to a key comes under the scheme DPoP, with what is `shown` of the key: RFC 9449, section
        7; once for a request, where that `is_proven` already. Those who come in a crowd, as sockets do after a restart,
        are asked about together, and wait a moment.
        """
        if not authorization:
            return await self.of_cookie(cookie) if cookie else NOBODY
        scheme, _, token = authorization.strip().partition(" ")
        scheme, token = scheme.lower(), token.strip()
        if scheme not in ("bearer", "dpop") or not token:
            raise NotSignedIn("The Authorization header must read: Bearer <access token>, or DPoP <access token>.")
        digest = hashlib.sha256(token.encode()).digest()
        known = self._verified.get(digest) or await self._remember(
            digest, lambda: self._of_bearer(token, digest, in_a_crowd)
        )
        if known.expires_at <= time.time():
            raise self._expired(digest)
        if (known.jkt is None) != (scheme == "bearer"):
            raise NotSignedIn(INVALID)
        if known.jkt is not None and not is_proven:
            if shown is None:
                raise InvalidProof("send one along, as the header DPoP.")
            await check(self._limiter, shown, token=token, jkt=known.jkt)
            return await self.verified(authorization, is_proven=True)  # it may have ended meanwhile
        return known

    async def of_cookie(self, secret: str) -> Verified:
        """Whom a browser's cookie speaks for; nobody where its session is over. Raises Unavailable."""
        name = b"cookie:" + hashlib.sha256(secret.encode()).digest()
        try:
            known = self._verified.get(name) or await self._remember(
                name, lambda: self._of_secret(name, SessionKind.BROWSER)
            )
        except NotSignedIn:
            return NOBODY
        if known.expires_at <= time.time():
            self._verified.pop(name, None)
            return NOBODY
        return known

    async def _of_bearer(self, token: str, digest: bytes, in_a_crowd: bool) -> Verified:
        if not token.startswith(personal.PREFIX):
            return await self._of_jwt(token, in_a_crowd)
        if not personal.is_one(token):
            raise NotSignedIn(INVALID)
        return await self._of_secret(digest, SessionKind.PERSONAL)

    async def _of_jwt(self, token: str, in_a_crowd: bool) -> Verified:
        claims = await claims_of(self._db, token)
        session_id = int(claims["sid"])
        viewer = await (self._sessions.viewer_of(session_id) if in_a_crowd else viewer_of(self._db, session_id))
        if viewer is None or claims["sub"] != _subject(viewer.user_id, claims["client_id"]):
            raise NotSignedIn(INVALID)
        if viewer.scopes is not None and "scope" in claims:
            viewer = replace(viewer, scopes=viewer.scopes.intersection(claims["scope"].split()))
        return Verified(viewer, float(claims["exp"]), bound_to(claims))

    async def _of_secret(self, name: bytes, kind: SessionKind) -> Verified:
        found = await viewer_by_secret(self._db, name[-hashlib.sha256().digest_size :], kind)
        if found is None:
            raise NotSignedIn(INVALID)
        viewer, expires_at = found
        self._touch(viewer.session_id or 0)
        asyncio.get_running_loop().call_later(REMEMBERED_SECRETS, self._verified.pop, name, None)
        return Verified(viewer, expires_at.timestamp() if expires_at else math.inf)

    def _touch(self, session_id: int) -> None:
        """Have it put down, in nobody's way, that the session is used."""

        async def touch() -> None:
            with suppress(Unavailable):
                await access.touch(self._db, session_id)

        task = asyncio.create_task(touch())
        self._touching.add(task)
        task.add_done_callback(self._touching.discard)

    async def _remember(self, digest: bytes, verify: Callable[[], Awaitable[Verified]]) -> Verified:
        heard = -1
        while heard != self._revocations:  # else it may be this session that ended while we asked
            heard, found = self._revocations, await verify()
        if len(self._verified) >= REMEMBERED:
            self._verified.clear()
        self._verified[digest] = found
        return found

    def _expired(self, digest: bytes) -> NotSignedIn:
        self._verified.pop(digest, None)
        return NotSignedIn(EXPIRED)

    def forget(self, concerns: Callable[[Viewer], bool]) -> None:
        """Verify tokens anew, from the database: of sessions that ended, of people who may do something else."""
        self._revocations += 1
        gone = [digest for digest, known in self._verified.items() if concerns(known.viewer)]
        for digest in gone:
            del self._verified[digest]

    def forget_all(self) -> None:
        """Verify every token anew: the stream of revocations had a gap."""
        self._revocations += 1
        self._verified.clear()


async def claims_of(db: Database, token: str) -> dict[str, Any]:
    """What an access token says, whether its session is open or not. Raises NotSignedIn, Unavailable."""
    return _checked(token, await ring.find(db, _kid(token)))


def bound_to(claims: dict[str, Any]) -> str | None:
    """The thumbprint of the key that an access token is bound to, RFC 9449, section 6.1."""
    return claims.get("cnf", {}).get("jkt")  # type: ignore[no-any-return]


def _kid(token: str) -> object:
    try:
        return jws.extract_compact(token.encode()).headers().get("kid")
    except (JoseError, ValueError, TypeError) as error:
        raise NotSignedIn(INVALID) from error


def _checked(token: str, key: ECKey | None) -> dict[str, Any]:
    """The claims of a token that this key signed."""
    if key is None:
        raise NotSignedIn(INVALID)
    try:
        decoded = jwt.decode(token, key, algorithms=[ALGORITHM])
        if decoded.header.get("typ") != TYPE:
            raise NotSignedIn(INVALID)
        _registry().validate(decoded.claims)
        int(decoded.claims["sid"])
        return decoded.claims
    except (JoseError, ValueError, KeyError, TypeError) as error:
        expired = type(error).__name__ == "ExpiredTokenError"
        raise NotSignedIn(EXPIRED if expired else INVALID) from error


def _registry() -> jwt.JWTClaimsRegistry:
    return jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": settings().origin},
        aud={"essential": True, "value": audience()},
        exp={"essential": True},
        sub={"essential": True},
        client_id={"essential": True},
    )
