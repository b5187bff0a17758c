"""What developers do with their apps, and what people do about those that they let in."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Text, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY

from core.database import Database
from core.errors import Conflict, NotFound
from core.ids import encode
from core.transactions import Transaction
from domain import apps, audit, endings
from domain.audit import SecurityEventKind
from domain.device import Device
from domain.registration import DEVICE_CODE, described
from domain.viewer import Viewer
from models.apps import App, Grant

MOST_APPS = 50
"""Apps of one developer."""

_APP_ID = bindparam("app_id", type_=BigInteger)
_HELD = select(App).where(App.id == _APP_ID, App.owner_id == bindparam("owner_id", type_=BigInteger)).with_for_update()
_COUNT = select(func.count().label("number")).select_from(App).where(App.owner_id == bindparam("owner_id"))
_CHANGE = (
    update(App)
    .where(App.id == _APP_ID)
    .values(
        name=bindparam("name"),
        website=bindparam("website"),
        redirect_uris=bindparam("redirect_uris", type_=ARRAY(Text)),
        scopes=bindparam("scopes", type_=ARRAY(Text)),
    )
    .returning(App)
)
_ROTATE = (
    update(App)
    .where(App.id == _APP_ID)
    .values(
        previous_secret_hash=App.secret_hash,
        previous_secret_until=func.now() + apps.SECRET_GRACE,
        secret_hash=bindparam("secret_hash"),
    )
    .returning(App)
)
_DELETE = delete(App).where(App.id == _APP_ID)
_END_GRANT = (
    delete(Grant)
    .where(Grant.app_id == _APP_ID, Grant.user_id == bindparam("user_id", type_=BigInteger))
    .returning(Grant.id)
)


async def create(
    db: Database,
    viewer: Viewer,
    device: Device,
    *,
    name: str,
    website: str | None,
    redirect_uris: Sequence[str],
    scopes: Sequence[str] | None,
    keeps_secret: bool,
    for_devices: bool,
) -> tuple[App, str | None]:
    """A developer's new app, and its secret if it can keep one. Raises NotSignedIn, InvalidInput, Conflict."""
    owner_id, ways = viewer.require_user(), ["authorization_code", "refresh_token"]
    if keeps_secret:
        ways.append("client_credentials")
    if for_devices:
        ways.append(DEVICE_CODE)
    app = described(
        "input",
        name=name,
        website=website,
        redirect_uris=redirect_uris,
        scopes=scopes,
        grant_types=ways,
        auth_method="client_secret_basic" if keeps_secret else "none",
    )
    async with db.write() as tx:
        if (await tx.rows(_COUNT, owner_id=owner_id))[0].number >= MOST_APPS:
            raise Conflict(f"You have {MOST_APPS} apps already: delete one that you don't need.")
        return await apps.make(tx, app, owner_id=owner_id, device=device)


async def change(
    db: Database,
    viewer: Viewer,
    app_id: int,
    device: Device,
    *,
    name: str | None = None,
    website: str | None = None,
    redirect_uris: Sequence[str] | None = None,
    scopes: Sequence[str] | None = None,
) -> App:
    """Describe an app anew: None leaves things as they are, no text takes the website away.

    Raises NotSignedIn, NotFound, InvalidInput.
    """
    async with db.write() as tx:
        app = await _held(tx, viewer, app_id)
        new = described(
            "input",
            name=app.name if name is None else name,
            website=app.website if website is None else website,
            redirect_uris=app.redirect_uris if redirect_uris is None else redirect_uris,
            scopes=app.scopes if scopes is None else scopes,
            grant_types=app.grant_types,
            auth_method=app.auth_method,
        )
        values = {"name": new.name, "website": new.website, "redirect_uris": new.redirect_uris, "scopes": new.scopes}
        [changed] = await tx.rows(_CHANGE, app_id=app_id, **values)
        _record(tx, viewer, SecurityEventKind.APP_CHANGED, app_id, device)
    return changed  # type: ignore[no-any-return]


async def rotate_secret(db: Database, viewer: Viewer, app_id: int, device: Device | None = None) -> tuple[App, str]:
    """Another secret; the one before is good for a day more. Raises NotSignedIn, NotFound, Conflict."""
    async with db.write() as tx:
        app = await _held(tx, viewer, app_id)
        if app.secret_hash is None:
            raise Conflict("This app can't keep a secret, so it has none.")
        secret = apps.make_secret()
        [rotated] = await tx.rows(_ROTATE, app_id=app_id, secret_hash=apps.hashed(secret))
        _record(tx, viewer, SecurityEventKind.APP_SECRET_ROTATED, app_id, device)
    return rotated, secret


async def remove(db: Database, viewer: Viewer, app_id: int, device: Device | None = None) -> int:
    """Delete an app, with all that people lend it: its sessions end. Raises NotSignedIn, NotFound."""
    async with db.write() as tx:
        await _held(tx, viewer, app_id)
        await endings.end_lent_to(tx, app_id)
        tx.later(_DELETE, app_id=app_id)
        _record(tx, viewer, SecurityEventKind.APP_DELETED, app_id, device)
    return app_id


async def deauthorize(db: Database, viewer: Viewer, app_id: int, device: Device | None = None) -> int:
    """Lend an app nothing any more: its sessions of the viewer's end. Raises NotSignedIn, NotFound."""
    user_id = viewer.require_user()
    async with db.write() as tx:
        grant: Any | None = await tx.first(_END_GRANT, app_id=app_id, user_id=user_id)
        if grant is None:
            raise NotFound("app")
        await endings.end_lent_to(tx, app_id, user_id)
        _record(tx, viewer, SecurityEventKind.APP_DEAUTHORIZED, app_id, device)
    return app_id


async def _held(tx: Transaction, viewer: Viewer, app_id: int) -> App:
    app: App | None = await tx.first(_HELD, app_id=app_id, owner_id=viewer.require_user())
    if app is None:
        raise NotFound("app")
    return app


def _record(tx: Transaction, viewer: Viewer, kind: SecurityEventKind, app_id: int, device: Device | None) -> None:
    audit.record(tx, viewer.key, kind, device, app=encode("app", app_id))
