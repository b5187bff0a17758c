"""What the API's mutations of apps do."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.ids import decode_as, encode
from domain import developers
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
    context = info.context
    created = await developers.create(
        context.db,
        context.viewer,
        context.device,
        name=input.name,
        website=input.website,
        redirect_uris=input.redirect_uris,
        scopes=input.scopes,
        keeps_secret=input.keeps_secret,
        for_devices=input.for_devices,
    )
    return WithSecret(*created)


async def update_app(info: Info, input: "UpdateAppInput") -> App:
    """Describe an app anew. Raises NotSignedIn, NotFound, InvalidInput."""
    context = info.context
    return await developers.change(
        context.db,
        context.viewer,
        _app(input.app_id),
        context.device,
        name=input.name,
        website=input.website,
        redirect_uris=input.redirect_uris,
        scopes=input.scopes,
    )


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
