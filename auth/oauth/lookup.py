"""What a token is, for who asks (RFC 7662) or wants it void (RFC 7009)."""

from datetime import UTC, datetime
from typing import Any

from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from auth import tokens
from auth.oauth.bridge import Answer, Server, run, wait
from auth.oauth.requests import Request
from auth.oauth.tokens import ANYHOW, WITH_SECRET
from core.database import Database
from core.errors import NotSignedIn
from core.ids import encode
from core.settings import settings
from domain import endings, moderation, sessions
from domain.audit import SecurityEventKind
from domain.device import Device


class Found:
    """A token that is good, as Authlib asks about it."""

    def __init__(self, session: Any, expires_at: datetime, claims: dict[str, Any] | None = None) -> None:
        self.session, self.expires_at, self.claims = session, expires_at, claims

    def check_client(self, client: Any) -> bool:
        """Whether it is one of the app's."""
        return self.session.app_id == client.app.id  # type: ignore[no-any-return]

    def is_expired(self) -> bool:
        """An expired one isn't found."""
        return False

    def is_revoked(self) -> bool:
        """A revoked one isn't found."""
        return False


class Finding:
    """Finds access tokens by what they say, and refresh tokens by their hash."""

    server: Server

    def query_token(self, token: str, _hint: str | None) -> Found | None:
        """The token, whatever the hint says it is. None for what isn't good."""
        if token.count(".") == 2:
            try:
                claims = wait(tokens.claims_of(self.server.db, token))
            except NotSignedIn:
                return None
            session = wait(sessions.open_one(self.server.tx, int(claims["sid"])))
            return Found(session, datetime.fromtimestamp(claims["exp"], UTC), claims) if session else None
        row = wait(sessions.of_refresh_token(self.server.tx, token))
        return Found(row, row.token_expires_at) if row else None


class Revocation(Finding, RevocationEndpoint):  # type: ignore[misc]
    """Either token ends the session, and so the other: RFC 7009, section 2.1."""

    CLIENT_AUTH_METHODS = ANYHOW

    def revoke_token(self, token: Found, _request: Request) -> None:
        """End it."""
        wait(endings.revoke(self.server.tx, token.session.id, SecurityEventKind.SESSION_ENDED, self.server.device))


class Introspection(Finding, IntrospectionEndpoint):  # type: ignore[misc]
    """Only an app that can keep a secret may ask, and only about its own."""

    CLIENT_AUTH_METHODS = WITH_SECRET

    def check_permission(self, token: Found, client: Any, _request: Request) -> bool:
        """Whether it is the app's, and of somebody who isn't suspended."""
        return token.check_client(client) and not wait(moderation.is_suspended(self.server.tx, token.session.user_id))

    def introspect_token(self, token: Found) -> dict[str, Any]:
        """RFC 7662, section 2.2, and RFC 9449, section 6.2."""
        session = token.session
        client_id = encode("app", session.app_id)
        told: dict[str, Any] = {
            "active": True,
            "iss": settings().origin,
            "client_id": client_id,
            "sub": client_id if session.user_id is None else encode("user", session.user_id),
            "scope": " ".join(session.scopes),
            "exp": int(token.expires_at.timestamp()),
            "iat": int(session.created_at.timestamp()),
        }
        if token.claims is None:
            return told
        jkt = tokens.bound_to(token.claims)
        told |= {"scope": token.claims["scope"], "token_type": "DPoP" if jkt else "Bearer"}
        return told | ({"cnf": {"jkt": jkt}} if jkt else {})


def parts(server: Server) -> None:
    """Both endpoints."""
    server.register_endpoint(Revocation)
    server.register_endpoint(Introspection)


async def revoke(db: Database, device: Device, request: Request) -> Answer:
    """Void a token. Raises Unavailable."""
    return await run(db, device, parts, lambda server: server.create_endpoint_response("revocation", request))


async def introspect(db: Database, device: Device, request: Request) -> Answer:
    """Say what a token is. Raises Unavailable."""
    return await run(db, device, parts, lambda server: server.create_endpoint_response("introspection", request))
