"""The token endpoint: what an app trades for tokens, RFC 6749, section 3.2."""

from dataclasses import replace
from typing import Any

from authlib.oauth2.rfc6749 import (
    InvalidGrantError,
    InvalidRequestError,
    InvalidScopeError,
    grants,
    scope_to_list,
)
from authlib.oauth2.rfc6749.grants import BaseGrant
from authlib.oauth2.rfc7636 import CodeChallenge

from auth import tokens
from auth.oauth.bridge import wait
from core.ids import encode
from core.settings import settings
from domain import grants as lending
from domain import sessions
from domain.scopes import CLAIM_WORDS, in_order

WITH_SECRET = ["client_secret_basic", "client_secret_post"]
ANYHOW = [*WITH_SECRET, "none"]


class Issuing(BaseGrant):  # type: ignore[misc]
    """A grant whose tokens are those of a session, kept when it is opened."""

    def open(self, scope: str | None) -> sessions.Lent:
        """The session that the app gets. Raises OAuth2Error, Suspended."""
        raise NotImplementedError

    @property
    def key(self) -> str | None:
        """What the refresh token is bound to, RFC 9449, section 5: one of an app with a secret is bound to that."""
        return self.request.jkt if self.request.client.app.auth_method == "none" else None

    def authenticate_token_endpoint_client(self) -> Any:
        """The app, which what it sends is looked up for."""
        self.request.client = super().authenticate_token_endpoint_client()
        if self.request.client.app.dpop_bound and self.request.jkt is None:
            raise InvalidRequestError("The app registered for tokens that are bound to a key: send a DPoP proof.")
        return self.request.client

    def generate_token(self, scope: str | None = None, **_: Any) -> dict[str, Any]:
        """RFC 6749, section 5.1."""
        session, client_id, jkt = self.open(scope), self.request.client.get_client_id(), self.request.jkt
        scope = " ".join(session.scopes)
        about: dict[str, Any] = {"client_id": client_id, "scope": scope, "jkt": jkt}
        token: dict[str, Any] = {
            "access_token": tokens.issue(session.user_id, session.session_id, **about),
            "token_type": "DPoP" if jkt else "Bearer",
            "expires_in": settings().access_token_seconds,
            "scope": scope,
        }
        return token | ({"refresh_token": session.refresh_token} if session.refresh_token else {})

    def save_token(self, token: dict[str, Any]) -> None:
        """It is kept already."""


class Code(Issuing, grants.AuthorizationCodeGrant):  # type: ignore[misc]
    """`authorization_code`; the session is renewable if the person allowed it `offline_access`."""

    TOKEN_ENDPOINT_AUTH_METHODS = ANYHOW

    def query_authorization_code(self, code: str, client: Any) -> "Row | None":
        """The code, if it is good; its second use ends what came of the first."""
        row = wait(lending.find_code(self.server.tx, code, client.app.id, self.server.device))
        if row and row.jkt not in (None, self.request.jkt):
            raise InvalidGrantError("The code is bound to a key: send a DPoP proof by that one.")
        return Row(row) if row else None

    def authenticate_user(self, authorization_code: "Row") -> str:
        """Whose code it is."""
        return encode("user", authorization_code.row.user_id)

    def open(self, _: str | None) -> sessions.Lent:
        """A session of the person's."""
        row, app = self.request.authorization_code.row, self.request.client.app
        return wait(lending.trade_code(self.server.tx, row, app, self.server.device, self.key))

    def delete_authorization_code(self, authorization_code: "Row") -> None:
        """It stays, used up, so that a replay is recognised."""


class Allowed:
    """What somebody allowed, as Authlib asks about it."""

    def __init__(self, row: Any) -> None:
        self.row = row

    def get_scope(self) -> str:
        """What was allowed."""
        return " ".join(self.row.scopes)

    def get_nonce(self) -> str | None:
        """What the ID token repeats, if anything."""
        return getattr(self.row, "nonce", None)

    def get_auth_time(self) -> int:
        """When the person signed in."""
        return int(self.row.authenticated_at.timestamp())

    def get_acr(self) -> None:
        """Nothing is said of how."""

    get_amr = get_acr


class Row(Allowed):
    """An authorization code as Authlib asks about it."""

    code_challenge_method = "S256"

    @property
    def code_challenge(self) -> str:
        """What the verifier is compared with."""
        return self.row.challenge  # type: ignore[no-any-return]

    def get_redirect_uri(self) -> str | None:
        """What the request must repeat."""
        return self.row.redirect_uri  # type: ignore[no-any-return]


class Refresh(Issuing, grants.RefreshTokenGrant):  # type: ignore[misc]
    """`refresh_token`, rotated at each use."""

    TOKEN_ENDPOINT_AUTH_METHODS = ANYHOW

    def authenticate_refresh_token(self, refresh_token: str) -> "Turned | None":
        """The session with its next token, if this one is good; a replay ends it."""
        app_id, asked = self.request.client.app.id, scope_to_list(self.request.payload.scope or "")
        turning = sessions.rotate_lent(self.server.tx, refresh_token, app_id, self.server.device, self.key, asked=asked)
        lent = wait(turning)
        return Turned(lent) if lent else None

    def authenticate_user(self, refresh_token: "Turned") -> str:
        """Whose session it is."""
        return encode("user", refresh_token.lent.user_id or 0)

    def open(self, scope: str | None) -> sessions.Lent:
        """The same session, for an access token of all its scopes or of those asked for, RFC 6749, section 6."""
        lent: sessions.Lent = self.request.refresh_token.lent
        return replace(lent, scopes=in_order(scope_to_list(scope or "")))

    def revoke_old_credential(self, refresh_token: "Turned") -> None:
        """It was used up when it was found."""


class Turned:
    """A refresh token as Authlib asks about it."""

    def __init__(self, lent: sessions.Lent) -> None:
        self.lent = lent

    def check_client(self, _: Any) -> bool:
        """It was only looked for among those of the app."""
        return True

    def get_scope(self) -> str:
        """What the session may be used for."""
        return " ".join(self.lent.scopes)


class ClientCredentials(Issuing, grants.ClientCredentialsGrant):  # type: ignore[misc]
    """`client_credentials`: the app for itself, with no person and nothing to renew."""

    TOKEN_ENDPOINT_AUTH_METHODS = WITH_SECRET

    def open(self, scope: str | None) -> sessions.Lent:
        """A session without a person, so without what is a person's."""
        client = self.request.client
        allowed = client.get_allowed_scope(scope)
        scopes = [each for each in (allowed or "").split() if each not in CLAIM_WORDS]
        if not scopes:
            raise InvalidScopeError
        return wait(sessions.begin_lent(self.server.tx, client.app.id, scopes, device=self.server.device))


class Pkce(CodeChallenge):  # type: ignore[misc]
    """RFC 7636 as RFC 9700 wants it: S256, of every client."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        """Demand a challenge."""
        data = grant.request.payload.data
        if not data.get("code_challenge") or data.get("code_challenge_method") != "S256":
            raise InvalidRequestError(
                "Send a code_challenge, with code_challenge_method=S256: PKCE is asked of every client."
            )
        super().validate_code_challenge(grant, redirect_uri)
