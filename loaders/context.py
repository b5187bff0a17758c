"""What one operation carries with it: who asks, fresh loaders, and the way to the database."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import strawberry

from core.addresses import network
from core.database import Database
from core.limits import Allowance, Limiter
from core.reads import Reader
from core.settings import settings
from domain.device import Device
from domain.viewer import Viewer
from loaders.base import Loaders

if TYPE_CHECKING:
    from live.hub import Hub


@dataclass(frozen=True, slots=True)
class Services:
    """What all operations of a process share."""

    db: Database
    hub: "Hub"
    limiter: Limiter


@dataclass(slots=True)
class Context:
    """One operation, or one event of a subscription: never shared, never kept."""

    services: Services
    viewer: Viewer
    device: Device
    """Where the request came from."""
    price: int
    allowance: Allowance
    resume: str | None = None
    """The live cursor that the client was last told, where its transport says so."""
    live_cursor: str = field(init=False)
    loaders: Loaders = field(init=False)

    def __post_init__(self) -> None:
        self.live_cursor = self.services.hub.live_cursor()
        self.act_as(self.viewer)

    @property
    def db(self) -> Database:
        """The database."""
        return self.services.db

    def act_as(self, viewer: Viewer) -> None:
        """Go on as this viewer, with loaders that see the world as it is now."""
        self.viewer = viewer
        self.loaders = Loaders(self.db, viewer)

    def read_from(self, reader: Reader) -> None:
        """Load from somewhere else than the primary."""
        self.loaders = Loaders(reader, self.viewer)

    def afresh(self) -> "Context":
        """The same operation with new loaders."""
        return self.for_viewer(self.viewer)

    def for_viewer(self, viewer: Viewer) -> "Context":
        """The same operation for somebody else who asked for it."""
        return Context(self.services, viewer, self.device, self.price, self.allowance)


def caller(viewer: Viewer, device: Device) -> str:
    """Whose allowance an operation spends: the person's, or the network's of one who isn't signed in."""
    return f"address:{network(device.address)}" if viewer.user_id is None else f"user:{viewer.user_id}"


async def charge_write(services: Services, viewer: Viewer, device: Device) -> None:
    """Bound how fast one person, or one address, changes things. Raises RateLimited."""
    burst, per_second = settings().write_burst, settings().write_per_second
    await services.limiter.require("writes", caller(viewer, device), 1, burst=burst, per_second=per_second)


Info = strawberry.Info[Context, Any]
