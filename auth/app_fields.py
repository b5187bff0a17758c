"""What the API's mutations of apps do."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from core.ids import decode_as, encode
from domain import developers
from domain.registration import DEVICE_CODE, Described, described
from loaders.context import Info
from models.apps import App

if TYPE_CHECKING:
    from schema.apps import CreateAppInput, DeauthorizeAppInput, DeleteAppInput, RotateAppSecretInput, UpdateAppInput


@dataclass(frozen=True, slots=True)
class WithSecret:
    """An app, and what its developer is shown once."""

    app: App
    secret: str | None


async def create_app(info: Info, input: "CreateAppInput") -> WithSecret:
    """Register an app. Raises NotSignedIn, InvalidInput, Conflict."""
    context, ways = info.context, ["authorization_code", "refresh_token"]
    context.viewer.require_user()
    if input.keeps_secret:
        ways.append("client_credentials")
    if input.for_devices:
        ways.append(DEVICE_CODE)
    app = described(
        "input",
        name=input.name,
        website=input.website,
        redirect_uris=input.redirect_uris,
        scopes=input.scopes,
        grant_types=ways,
        auth_method="client_secret_basic" if input.keeps_secret else "none",
    )
    return WithSecret(*await developers.create(context.db, context.viewer, app, context.device))


async def update_app(info: Info, input: "UpdateAppInput") -> App:
    """Describe an app anew. Raises NotSignedIn, NotFound, InvalidInput."""
    context, app_id = info.context, _app(input.app_id)
    return await developers.change(context.db, context.viewer, app_id, partial(_changed, input), context.device)


async def rotate_app_secret(info: Info, input: "RotateAppSecretInput") -> WithSecret:
    """Give an app another secret. Raises NotSignedIn, NotFound, InvalidInput, Conflict."""
    context, app_id = info.context, _app(input.app_id)
    return WithSecret(*await developers.rotate_secret(context.db, context.viewer, app_id, context.device))


async def delete_app(info: Info, input: "DeleteAppInput") -> str:
    """Delete an app. Raises NotSignedIn, NotFound, InvalidInput."""
    context, app_id = info.context, _app(input.app_id)
    return encode("app", await developers.remove(context.db, context.viewer, app_id, context.device))


async def deauthorize_app(info: Info, input: "DeauthorizeAppInput") -> str:
    """Let an app in no more. Raises NotSignedIn, NotFound, InvalidInput."""
    context, app_id = info.context, _app(input.app_id)
    return encode("app", await developers.deauthorize(context.db, context.viewer, app_id, context.device))


def _app(id: str) -> int:
    return decode_as("app", id, "input", "appId")


def _changed(input: "UpdateAppInput", app: App) -> Described:
    def either(given: Sequence[Any] | str | None, kept: Any) -> Any:
        return kept if given is None else given

    return described(
        "input",
        name=either(input.name, app.name),
        website=either(input.website, app.website),
        redirect_uris=either(input.redirect_uris, app.redirect_uris),
        scopes=either(input.scopes, app.scopes),
        grant_types=app.grant_types,
        auth_method=app.auth_method,
    )
