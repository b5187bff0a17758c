"""Access tokens: short-lived JWTs after RFC 9068, verified once per process and then known by their hash."""

import hashlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from core.database import Database
from core.errors import NotSignedIn
from core.settings import settings
from domain.viewer import Viewer
from loaders.sessions import OpenSessions, viewer_in_browser, viewer_of

ISSUER = "starling"
REMEMBERED = 50_000
EXPIRED = "This access token has expired: get a new one with refreshSession."
INVALID = "This access token is not valid: sign in again."


@dataclass(frozen=True, slots=True)
class Verified:
    """A token that was found good, and until when."""

    viewer: Viewer
    expires_at: float


NOBODY = Verified(Viewer(), math.inf)


def issue(user_id: int, session_id: int) -> str:
    """A token for `access_token_seconds`."""
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": ISSUER,
        "sub": str(user_id),
        "sid": str(session_id),
        "iat": now,
        "exp": now + settings().access_token_seconds,
    }
    return jwt.encode({"alg": "HS256", "typ": "at+jwt"}, claims, _key())


class Tokens:
    """Turns bearers into viewers. One per process; told of revoked sessions by the live stream."""

    def __init__(self, db: Database) -> None:
        self._db, self._sessions = db, OpenSessions(db)
        self._verified: dict[bytes, Verified] = {}
        self._revocations = 0

    async def verified(
        self, authorization: str | None, cookie: str | None = None, *, in_a_crowd: bool = False
    ) -> Verified:
        """Whom an `Authorization` header speaks for, or else a cookie. Raises NotSignedIn, Unavailable.

        Those who come in a crowd, as sockets do after a restart, are asked about together, and wait a moment for it.
        """
        if not authorization:
            return await self.of_cookie(cookie) if cookie else NOBODY
        scheme, _, token = authorization.strip().partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise NotSignedIn("The Authorization header must read: Bearer <access token>.")
        return await self._verify(token.strip(), in_a_crowd)

    async def of_cookie(self, secret: str) -> Verified:
        """Whom a browser's cookie speaks for: nobody once its session is over. Raises Unavailable."""
        digest = hashlib.sha256(secret.encode()).digest()
        name = b"cookie:" + digest
        known = self._verified.get(name)
        if known is None:
            revocations = self._revocations
            found = await viewer_in_browser(self._db, digest)
            if found is None:
                return NOBODY
            viewer, expires_at = found
            known = Verified(viewer, expires_at.timestamp())
            self._remember(name, known, revocations)
        return known if known.expires_at > time.time() else NOBODY

    async def _verify(self, token: str, in_a_crowd: bool) -> Verified:
        digest = hashlib.sha256(token.encode()).digest()
        known = self._verified.get(digest)
        if known is None:
            claimed, revocations = _decode(token), self._revocations
            session_id = claimed.viewer.session_id or 0
            viewer = await (self._sessions.viewer_of(session_id) if in_a_crowd else viewer_of(self._db, session_id))
            if viewer is None or viewer.user_id != claimed.viewer.user_id:
                raise NotSignedIn(INVALID)
            known = Verified(viewer, claimed.expires_at)
            self._remember(digest, known, revocations)
        if known.expires_at <= time.time():
            self._verified.pop(digest, None)
            raise NotSignedIn(EXPIRED)
        return known

    def _remember(self, digest: bytes, known: Verified, revocations: int) -> None:
        if len(self._verified) >= REMEMBERED:
            self._verified.clear()
        if revocations == self._revocations:  # else it may be this session that was revoked while we asked
            self._verified[digest] = known

    def forget(self, session_id: int) -> None:
        """Verify this session's tokens anew, from the database."""
        self._forget(lambda viewer: viewer.session_id == session_id)

    def forget_user(self, user_id: int) -> None:
        """Verify all of somebody's tokens anew: they may say something else of them from now on."""
        self._forget(lambda viewer: viewer.user_id == user_id)

    def _forget(self, concerns: Callable[[Viewer], bool]) -> None:
        self._revocations += 1
        gone = [digest for digest, known in self._verified.items() if concerns(known.viewer)]
        for digest in gone:
            del self._verified[digest]

    def forget_all(self) -> None:
        """Verify every token anew: the stream of revocations had a gap."""
        self._revocations += 1
        self._verified.clear()


def _decode(token: str) -> Verified:
    try:
        decoded = jwt.decode(token, _key(), algorithms=["HS256"])
        if decoded.header.get("typ") != "at+jwt":
            raise NotSignedIn(INVALID)
        _CLAIMS.validate(decoded.claims)
        viewer = Viewer(int(decoded.claims["sub"]), int(decoded.claims["sid"]))
        return Verified(viewer, float(decoded.claims["exp"]))
    except (JoseError, ValueError, KeyError, TypeError) as error:
        expired = type(error).__name__ == "ExpiredTokenError"
        raise NotSignedIn(EXPIRED if expired else INVALID) from error


_CLAIMS = jwt.JWTClaimsRegistry(
    iss={"essential": True, "value": ISSUER},
    aud={"essential": True, "value": ISSUER},
    exp={"essential": True},
)


@cache
def _key() -> OctKey:
    return OctKey.import_key(settings().secret.get_secret_value())
