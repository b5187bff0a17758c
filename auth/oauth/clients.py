"""Apps as Authlib asks about them."""

from authlib.oauth2.rfc6749 import ClientMixin, list_to_scope, scope_to_list

from core.ids import encode
from domain import apps
from domain.scopes import in_order
from models.apps import App


class Client(ClientMixin):  # type: ignore[misc]
    """An app that a request names."""

    def __init__(self, app: App) -> None:
        self.app = app

    def get_client_id(self) -> str:
        """How the app is named in the protocol: as it is everywhere."""
        return encode("app", self.app.id)

    def get_default_redirect_uri(self) -> str | None:
        """Where to return to if the request doesn't say."""
        return self.app.redirect_uris[0] if len(self.app.redirect_uris) == 1 else None

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """What is asked for, or all that the app may ask for; None if it asks for more than that."""
        asked = frozenset(scope_to_list(scope or "") or self.app.scopes)
        return list_to_scope(in_order(asked)) if asked <= frozenset(self.app.scopes) else None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Whether it is registered."""
        return apps.may_return_to(self.app, redirect_uri)

    def check_client_secret(self, client_secret: str) -> bool:
        """Whether it is the app's."""
        return apps.is_secret(self.app, client_secret)

    def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
        """Whether the app may show who it is like this: one with a secret in either way, RFC 6749, section 2.3.1."""
        return (method == "none") == (self.app.auth_method == "none")

    def check_response_type(self, response_type: str) -> bool:
        """Whether it may ask for what the authorization endpoint gives."""
        return response_type == "code" and self.check_grant_type("authorization_code")

    def check_grant_type(self, grant_type: str) -> bool:
        """Whether it registered for this way to a token."""
        return grant_type in self.app.grant_types
