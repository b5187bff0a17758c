"""What one operation carries with it: who asks, fresh loaders, and the way to the database."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import strawberry

from core.database import Database
from domain.viewer import Viewer
from loaders.base import Loaders

if TYPE_CHECKING:
    from live.hub import Hub


@dataclass(slots=True)
class Context:
    """One operation, or one event of a subscription: never shared, never kept."""

    db: Database
    hub: "Hub"
    viewer: Viewer
    loaders: Loaders = field(init=False)

    def __post_init__(self) -> None:
        self.loaders = Loaders(self.db, self.viewer)

    def afresh(self) -> "Context":
        """The same viewer with new loaders, which see the world as it is now."""
        return Context(self.db, self.hub, self.viewer)


Info = strawberry.Info[Context, Any]
