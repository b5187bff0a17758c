"""Follows and blocks: lists of people, and how the viewer stands to each."""

from enum import StrEnum
from typing import Any

from sqlalchemy import Select, select, true
from sqlalchemy.orm import InstrumentedAttribute, aliased

from domain.visibility import VIEWER, visible_user
from loaders.base import ANY_KEY, BatchLoader, FlagLoader, each_key
from loaders.pages import AFTER, LIMIT, Listing, Lists
from models.follows import Block, Follow, FollowRequest
from models.users import User


class FollowState(StrEnum):
    """How far the viewer has come in following somebody."""

    NONE = "NONE"
    REQUESTED = "REQUESTED"
    FOLLOWING = "FOLLOWING"


class FollowOfViewer(BatchLoader[int, FollowState]):
    """The viewer's follow of users."""

    statement = (
        select(Follow.followee_id.label("id"), true().label("accepted"))
        .where(Follow.follower_id == VIEWER, Follow.followee_id == ANY_KEY)
        .union_all(
            select(FollowRequest.followee_id, ~true()).where(
                FollowRequest.follower_id == VIEWER, FollowRequest.followee_id == ANY_KEY
            )
        )
    )

    async def batch_load_fn(self, keys: list[int]) -> list[FollowState]:
        """Read all states at once, in the order of their users."""
        rows = await self.read(self.statement, keys=keys)
        states = {row.id: FollowState.FOLLOWING if row.accepted else FollowState.REQUESTED for row in rows}
        return [states.get(key, FollowState.NONE) for key in keys]


class FollowsViewer(FlagLoader):
    """Whether users follow the viewer."""

    statement = select(Follow.follower_id).where(Follow.followee_id == VIEWER, Follow.follower_id == ANY_KEY)


class BlockedByViewer(FlagLoader):
    """Whether the viewer has blocked users."""

    statement = select(Block.blocked_id).where(Block.blocker_id == VIEWER, Block.blocked_id == ANY_KEY)


def _people(
    name: str, person: InstrumentedAttribute[int], position: InstrumentedAttribute[int], of: InstrumentedAttribute[int]
) -> Listing:
    """People on one side of follows, those who came last first."""
    key = each_key("people")
    page = (
        select(User, position.label("position"))
        .join(User, User.id == person)
        .where(of == key.c.key, position < AFTER, visible_user(VIEWER, person))
        .order_by(position.desc())
        .limit(LIMIT)
        .lateral("page")
    )
    rows: Select[Any] = select(key.c.key.label("page_of"), page.c.position, aliased(User, page))
    return Listing(name, rows.select_from(key).join(page, true()), sort=("position",))


class FollowersOfUser(Lists):
    """Pages of users' followers."""

    listings = {"": _people("User.followers", Follow.follower_id, Follow.id, Follow.followee_id)}


class FollowingOfUser(Lists):
    """Pages of whom users follow."""

    listings = {"": _people("User.following", Follow.followee_id, Follow.id, Follow.follower_id)}


class RequestsOfUser(Lists):
    """Pages of those who wait to be accepted. Only the viewer's own are anybody's business."""

    listings = {"": _people("followRequests", FollowRequest.follower_id, FollowRequest.id, FollowRequest.followee_id)}
