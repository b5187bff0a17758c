"""Any node by its id."""

import asyncio
from typing import Any

from core.errors import InvalidInput
from core.ids import decode
from loaders.comments import CommentById
from loaders.context import Info
from loaders.posts import PostById
from loaders.users import UserById

MOST_IDS = 100
LOADERS: dict[str, Any] = {"user": UserById, "post": PostById, "comment": CommentById}


async def node(info: Info, id: str) -> Any:
    """The node, None where there is none that the viewer may see. Raises InvalidInput."""
    kind, number = decode(id, "id")
    return await _load(info, kind, number, "id")


async def nodes(info: Info, ids: list[str]) -> list[Any]:
    """The nodes in the order of their ids. Raises InvalidInput."""
    if len(ids) > MOST_IDS:
        raise InvalidInput.at("ids", message=f"At most {MOST_IDS} ids; these are {len(ids):,}.")
    found = [(*decode(each, "ids", str(place)), str(place)) for place, each in enumerate(ids)]
    return await asyncio.gather(*(_load(info, kind, number, "ids", place) for kind, number, place in found))


async def _load(info: Info, kind: str, number: int, *path: str) -> Any:
    loader = LOADERS.get(kind)
    if loader is None:
        raise InvalidInput.at(*path, message="Ids begin with user_, post_ or comment_.")
    return await info.context.loaders[loader].load(number)
