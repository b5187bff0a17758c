"""Apps that register themselves, RFC 7591."""

from typing import Any

from authlib.oauth2.rfc6749 import InvalidRequestError, JsonPayload, JsonRequest
from authlib.oauth2.rfc7591 import ClientRegistrationEndpoint, InvalidClientMetadataError, InvalidRedirectURIError

from auth.oauth.bridge import Answer, Server, run, wait
from auth.oauth.metadata import metadata
from core.database import Database
from core.errors import InvalidInput
from core.ids import encode
from domain import apps
from domain.device import Device
from domain.registration import described, is_redirect_uri

STRINGS = ("client_name", "client_uri", "scope", "token_endpoint_auth_method")
LISTS = ("redirect_uris", "grant_types", "response_types")
BOUND = "dpop_bound_access_tokens"
"""RFC 9449, section 5.2."""


class Registration(ClientRegistrationEndpoint):  # type: ignore[misc]
    """Anybody may register an app: it can do nothing that people don't let it do."""

    def authenticate_token(self, _request: JsonRequest) -> bool:
        """It is open, or it isn't there at all."""
        return True

    def get_server_metadata(self) -> dict[str, Any]:
        """What is supported."""
        return metadata()

    def extract_client_metadata(self, request: JsonRequest) -> dict[str, Any]:
        """What is known of what is sent; the rest is passed over, RFC 7591, section 2."""
        if not all(map(is_redirect_uri, request.payload.data.get("redirect_uris", []))):
            raise InvalidRedirectURIError("A redirect URI is https, loopback, or of a private-use scheme.")
        claims = super().extract_client_metadata(request)
        grant_types = claims.get("grant_types") or ["authorization_code"]
        try:
            self.app = described(
                name=claims.get("client_name") or "An app without a name",
                website=claims.get("client_uri"),
                redirect_uris=claims.get("redirect_uris") or [],
                scopes=claims["scope"].split() if claims.get("scope") else None,
                grant_types=grant_types,
                auth_method=claims["token_endpoint_auth_method"],
                dpop_bound=request.payload.data.get(BOUND, False),
            )
        except InvalidInput as error:
            is_uri = error.fields[0].path == ("redirectUris",)
            raise (InvalidRedirectURIError if is_uri else InvalidClientMetadataError)(error.fields[0].message) from None
        registered: dict[str, Any] = claims | {
            "client_name": self.app.name,
            "redirect_uris": self.app.redirect_uris,
            "grant_types": self.app.grant_types,
            "scope": " ".join(self.app.scopes),
            BOUND: self.app.dpop_bound,
        }
        return registered

    def generate_client_info(self, _request: JsonRequest) -> dict[str, Any]:
        """The app, and its secret if it can keep one."""
        app, secret = wait(apps.make(self.server.tx, self.app))
        info = {"client_id": encode("app", app.id), "client_id_issued_at": int(app.created_at.timestamp())}
        return info | ({"client_secret": secret, "client_secret_expires_at": 0} if secret else {})

    def save_client(self, _info: dict[str, Any], _metadata: dict[str, Any], _request: JsonRequest) -> None:
        """It is kept already."""


class Sent(JsonPayload):  # type: ignore[misc]
    """A body of JSON, as Authlib reads it."""

    data: dict[str, Any] = {}

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data


def parts(server: Server) -> None:
    """The endpoint."""
    server.register_endpoint(Registration)


async def register(db: Database, device: Device, body: Any) -> Answer:
    """Register an app. Raises OAuth2Error, Unavailable."""
    request = JsonRequest("POST", "", {})
    request.payload = Sent(_checked(body))
    return await run(db, device, parts, lambda server: server.create_endpoint_response("client_registration", request))


def _checked(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise InvalidRequestError("Send the app as a JSON object.")
    known = {name: body[name] for name in (*STRINGS, *LISTS, BOUND) if body.get(name) is not None}
    for name, value in known.items():
        if not _has_type(name, value):
            raise InvalidClientMetadataError(f"{name} has another type than RFC 7591 gives it.")
    return known


def _has_type(name: str, value: Any) -> bool:
    if name in LISTS:
        return isinstance(value, list) and all(isinstance(each, str) for each in value)
    return isinstance(value, bool if name == BOUND else str)
