"""The apps that the viewer let in, and those that the viewer writes. Nobody else's are anybody's business."""

from typing import Any

from sqlalchemy import Select, func, select

from domain.visibility import VIEWER
from loaders.base import ANY_KEY, RowLoader
from loaders.pages import AFTER, LIMIT, Listing, Lists
from models.apps import App, Grant
from models.sessions import Session

_LAST_USED = select(func.max(Session.last_used_at)).where(Session.grant_id == Grant.id).scalar_subquery()
_LENT: tuple[Any, ...] = Grant.app_id, Grant.scopes, Grant.created_at, App.name, App.website
_AUTHORIZED: Select[Any] = (
    select(Grant.user_id.label("page_of"), Grant.id, *_LENT, _LAST_USED.label("last_used_at"))
    .join(App, App.id == Grant.app_id)
    .where(Grant.user_id == ANY_KEY, Grant.user_id == VIEWER, Grant.id < AFTER)
    .order_by(Grant.id.desc())
    .limit(LIMIT)
)
_SHOWN: tuple[Any, ...] = App.name, App.website, App.redirect_uris, App.scopes, App.grant_types, App.auth_method
_OWN: Select[Any] = select(
    App.owner_id.label("page_of"), App.id, App.created_at, App.previous_secret_until, *_SHOWN
).where(App.owner_id == VIEWER)
_WRITTEN = _OWN.where(App.owner_id == ANY_KEY, App.id < AFTER).order_by(App.id.desc()).limit(LIMIT)


class AppsOfUser(Lists):
    """Pages of the apps that the viewer let in, the latest first; of anybody else's, nothing."""

    listings = {"": Listing("User.authorizedApps", _AUTHORIZED)}


class AppsOfDeveloper(Lists):
    """Pages of the apps that the viewer writes, the latest first; of anybody else's, nothing."""

    listings = {"": Listing("User.developerApps", _WRITTEN)}


class AppOfDeveloper(RowLoader[Any]):
    """An app that the viewer writes, by its id; None for anybody else's."""

    statement = _OWN.where(App.id == ANY_KEY)
