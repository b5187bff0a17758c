"""Apps: those that act for a person, and those that a developer writes."""

from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from core.errors import NotFound
from core.ids import encode
from domain import developers
from domain.registration import DEVICE_CODE
from domain.scopes import ASKABLE
from loaders.apps import AppOfDeveloper, AppsOfDeveloper, AppsOfUser
from models.apps import App
from transport.pages.visits import REFUSALS, Visit, Visits, number

LENT, WRITTEN = "/account/apps", "/account/developer"
KINDS = {"server": "A server, which keeps a secret", "": "A device or browser in people's hands, which can't"}
"""Where an app runs, by what the form sends."""


async def lent(visit: Visit) -> Response:
    """Whom one lent rights to, and taking them back."""
    if not visit.sends:
        return visit.page("apps.html", apps=await visit.own(AppsOfUser), words=ASKABLE)
    app_id = number("app", visit.fields.get("app", ""))
    await developers.deauthorize(visit.services.db, visit.viewer, app_id, visit.device)
    return visit.done()


async def written(visit: Visit) -> Response:
    """The apps that one writes."""
    return visit.page("developer.html", apps=await visit.own(AppsOfDeveloper))


async def new(visit: Visit) -> Response:
    """Register an app."""
    visit.viewer.require_user()
    if not visit.sends:
        return visit.page("new-app.html", words=ASKABLE, kinds=KINDS, given={"scopes": ASKABLE})
    given = _given(visit)
    ways = {"keeps_secret": visit.fields.get("kind") == "server", "for_devices": "forDevices" in visit.fields}
    try:
        made = await developers.create(visit.services.db, visit.viewer, visit.device, **(given | ways))
    except REFUSALS as refusal:
        return visit.refused("new-app.html", refusal, words=ASKABLE, kinds=KINDS, given=given)
    return _with_secret(visit, *made)


async def one(visit: Visit) -> Response:
    """An app that one writes: describing it anew, and giving it another secret."""
    app, db = await _own(visit), visit.services.db
    shown = {"app": app, "path": _path(app), "words": ASKABLE, "device_code": DEVICE_CODE}
    if not visit.sends:
        return visit.page("app.html", **shown, given=app)
    try:
        if "rotate" in visit.fields:
            return _with_secret(visit, *await developers.rotate_secret(db, visit.viewer, app.id, visit.device))
        await developers.change(db, visit.viewer, app.id, visit.device, **_given(visit))
    except REFUSALS as refusal:
        return visit.refused("app.html", refusal, **shown, given=app if "rotate" in visit.fields else _given(visit))
    return visit.done()


async def remove(visit: Visit) -> Response:
    """Delete an app, once one was asked whether that is meant."""
    app = await _own(visit)
    if not visit.sends:
        return visit.page("delete-app.html", app=app, path=_path(app))
    await developers.remove(visit.services.db, visit.viewer, app.id, visit.device)
    return visit.done(WRITTEN)


async def _own(visit: Visit) -> Any:
    visit.viewer.require_user()
    app_id = number("app", visit.request.path_params["app"])
    app = await AppOfDeveloper(visit.services.db, visit.viewer).load(app_id)
    if app is None:
        raise NotFound("app")
    return app


def _given(visit: Visit) -> dict[str, Any]:
    texts = {name: visit.fields.get(name, "") for name in ("name", "website")}
    return {**texts, "redirect_uris": visit.fields.get("redirectUris", "").split(), "scopes": visit.scopes}


def _with_secret(visit: Visit, app: App, secret: str | None) -> Response:
    if secret is None:
        return visit.done(_path(app))
    secrets = {"client_id": encode("app", app.id), "client_secret": secret}
    return visit.page("secret.html", title=f"The secret of {app.name}", secrets=secrets, back=_path(app))


def _path(app: Any) -> str:
    return f"{WRITTEN}/{encode('app', app.id)}"


def routes(visits: Visits) -> list[Route]:
    """These pages."""
    pages = {LENT: lent, f"{WRITTEN}/new": new, f"{WRITTEN}/{{app}}": one, f"{WRITTEN}/{{app}}/delete": remove}
    both = [Route(path, visits.at(handler), methods=["GET", "POST"]) for path, handler in pages.items()]
    return [*both, Route(WRITTEN, visits.at(written))]
