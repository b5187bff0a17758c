"""What happened to the viewer's account. Nobody else's is anybody's business."""

from typing import Any

from sqlalchemy import Select, select

from domain.visibility import VIEWER
from loaders.base import ANY_KEY
from loaders.pages import AFTER, LIMIT, Listing, Lists
from models.audit import SecurityEvent

_EVENTS: Select[Any] = (
    select(SecurityEvent.__table__.c.user_id.label("page_of"), SecurityEvent)
    .where(SecurityEvent.user_id == ANY_KEY, SecurityEvent.user_id == VIEWER, SecurityEvent.id < AFTER)
    .order_by(SecurityEvent.id.desc())
    .limit(LIMIT)
)


class EventsOfUser(Lists):
    """Pages of what happened to the viewer's account, the latest first; of anybody else's, nothing."""

    listings = {"": Listing("User.securityEvents", _EVENTS)}
