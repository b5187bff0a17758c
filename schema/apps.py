"""Apps: those that people let in, and those that developers write."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from auth import app_fields
from core.ids import encode
from domain.registration import DEVICE_CODE
from domain.scopes import Scope
from execution.fields import column
from schema.errors import Conflict, InvalidInput, NotFound, NotSignedIn, RateLimited, mutation
from schema.interfaces import URL
from schema.pages import Connection


def _client_id(app: Any) -> str:
    return encode("app", app.id)


def _app_id(grant: Any) -> str:
    return encode("app", grant.app_id)


def _keeps_secret(app: Any) -> bool:
    return bool(app.auth_method != "none")


def _for_devices(app: Any) -> bool:
    return DEVICE_CODE in app.grant_types


@strawberry.type(description="An app that the viewer let in.")
class AuthorizedApp:
    """An app that the viewer let in."""

    app_id: strawberry.ID = column("Which app; for `deauthorizeApp`.", of=_app_id)
    name: str = column("What its developer calls it. Nobody has checked that.")
    website: URL | None = column("Where its developer says more of it.")
    scopes: list[str] = column("What it may do, e.g. `posts:read`.")
    created_at: datetime = column("When it was let in first.")
    last_used_at: datetime | None = column("When it last got new tokens; null before it got any.")


@strawberry.type(description="An app that the viewer writes.")
class DeveloperApp:
    """An app that the viewer writes."""

    client_id: strawberry.ID = column("Its `client_id` at the authorization server, and its id here.", of=_client_id)
    name: str = column("What people are told who asks.")
    website: URL | None = column("Where people can read more of it.")
    redirect_uris: list[str] = column("Where people may be sent back to, to the letter.")
    scopes: list[str] = column("The most that it may ask for.")
    keeps_secret: bool = column("Whether it has a secret: it runs on a server.", of=_keeps_secret)
    for_devices: bool = column("Whether it may use the device flow.", of=_for_devices)
    created_at: datetime = column("When it was registered.")
    previous_secret_until: datetime | None = column("Until when the secret before the last one is good.")


@strawberry.type(description="One page of the apps that were let in.")
class AuthorizedAppConnection(Connection[AuthorizedApp]):
    """One page of apps."""


@strawberry.type(description="One page of a developer's apps.")
class DeveloperAppConnection(Connection[DeveloperApp]):
    """One page of apps."""


@strawberry.type(description="An app with its secret, which is shown once.")
class AppWithSecret:
    """An app with its secret."""

    app: DeveloperApp = strawberry.field(description="The app.")
    secret: str | None = column("Its `client_secret`: keep it now, nobody can show it again. Null for one without.")


NAME = "1–60 characters."
REDIRECTS = "At most 20: https, or http at a loopback address, or of a private-use scheme like `com.example.app:/back`."
SCOPES = "The most that it may ask for; null: everything that can be asked for."
APP = strawberry.field(description="The app, e.g. `app_7301204912345678`.")


@strawberry.input(description="A new app.")
class CreateAppInput:
    """A new app."""

    name: str = strawberry.field(description=NAME)
    website: URL | None = strawberry.field(description="An https URL.", default=None)
    redirect_uris: list[str] = strawberry.field(description=REDIRECTS)
    scopes: list[str] | None = strawberry.field(description=SCOPES, default=None)
    keeps_secret: bool = strawberry.field(description="True for an app on a server; false for one in people's hands.")
    for_devices: bool = strawberry.field(description="Whether it may use the device flow.", default=False)


@strawberry.input(description="What to change of an app. Left out or null: unchanged.")
class UpdateAppInput:
    """What to change of an app."""

    app_id: strawberry.ID = APP
    name: str | None = strawberry.field(description=NAME, default=None)
    website: URL | None = strawberry.field(description="An https URL.", default=None)
    redirect_uris: list[str] | None = strawberry.field(description=REDIRECTS, default=None)
    scopes: list[str] | None = strawberry.field(description="What people allowed before stays allowed.", default=None)


@strawberry.input(description="An app that needs another secret.")
class RotateAppSecretInput:
    """An app that needs another secret."""

    app_id: strawberry.ID = APP


@strawberry.input(description="An app to delete.")
class DeleteAppInput:
    """An app to delete."""

    app_id: strawberry.ID = APP


@strawberry.input(description="An app that is to be let in no more.")
class DeauthorizeAppInput:
    """An app that is to be let in no more."""

    app_id: strawberry.ID = APP


@strawberry.type(description="The app is registered.")
class CreateAppSuccess:
    """The app is registered."""

    created: AppWithSecret = strawberry.field(description="The app with its secret.")


@strawberry.type(description="The app is changed.")
class UpdateAppSuccess:
    """The app is changed."""

    app: DeveloperApp = strawberry.field(description="The app as it is now.")


@strawberry.type(description="The app has another secret; the one before is good for a day more.")
class RotateAppSecretSuccess:
    """The app has another secret."""

    rotated: AppWithSecret = strawberry.field(description="The app with its new secret.")


@strawberry.type(description="The app is gone, and nobody's tokens for it are good any more.")
class DeleteAppSuccess:
    """The app is gone."""

    deleted_id: strawberry.ID = strawberry.field(description="The id that it had.")


@strawberry.type(description="The app is let in no more; its tokens are void.")
class DeauthorizeAppSuccess:
    """The app is let in no more."""

    app_id: strawberry.ID = strawberry.field(description="Which app.")


CreateAppResult = Annotated[
    CreateAppSuccess | InvalidInput | NotSignedIn | Conflict | RateLimited,
    strawberry.union("CreateAppResult", description="The app with its secret, or why there is none."),
]
UpdateAppResult = Annotated[
    UpdateAppSuccess | InvalidInput | NotSignedIn | NotFound | RateLimited,
    strawberry.union("UpdateAppResult", description="The app, or why it isn't changed."),
]
RotateAppSecretResult = Annotated[
    RotateAppSecretSuccess | InvalidInput | NotSignedIn | NotFound | Conflict | RateLimited,
    strawberry.union("RotateAppSecretResult", description="The app with its new secret, or why there is none."),
]
DeleteAppResult = Annotated[
    DeleteAppSuccess | InvalidInput | NotSignedIn | NotFound | RateLimited,
    strawberry.union("DeleteAppResult", description="That the app is gone, or why it isn't."),
]
DeauthorizeAppResult = Annotated[
    DeauthorizeAppSuccess | InvalidInput | NotSignedIn | NotFound | RateLimited,
    strawberry.union("DeauthorizeAppResult", description="That the app is let in no more, or why nothing changed."),
]


@strawberry.type
class AppMutations:
    """What developers do with their apps, and people with others'."""

    create_app: CreateAppResult = mutation(
        CreateAppResult, app_fields.create_app, "Register an app.", takes=CreateAppInput, scope=Scope.ACCOUNT
    )
    update_app: UpdateAppResult = mutation(
        UpdateAppResult, app_fields.update_app, "Describe an app anew.", takes=UpdateAppInput, scope=Scope.ACCOUNT
    )
    rotate_app_secret: RotateAppSecretResult = mutation(
        RotateAppSecretResult,
        app_fields.rotate_app_secret,
        "Give an app another secret. The one before is good for a day more, so that nothing stops meanwhile.",
        takes=RotateAppSecretInput,
        scope=Scope.ACCOUNT,
    )
    delete_app: DeleteAppResult = mutation(
        DeleteAppResult,
        app_fields.delete_app,
        "Delete an app. Whoever let it in is rid of it.",
        takes=DeleteAppInput,
        scope=Scope.ACCOUNT,
    )
    deauthorize_app: DeauthorizeAppResult = mutation(
        DeauthorizeAppResult,
        app_fields.deauthorize_app,
        "Let an app in no more: its tokens of the viewer's are void within a second.",
        takes=DeauthorizeAppInput,
        scope=Scope.ACCOUNT,
    )
