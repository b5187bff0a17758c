"""Lists that hang on nobody, where more than a loader's page is to be said."""

from typing import TYPE_CHECKING

from execution.fields import ALONE
from execution.pages import Page
from loaders.context import Info
from loaders.feeds import Feed
from loaders.follows import RequestsOfUser
from loaders.search import PostSearch, Search, UserSearch

if TYPE_CHECKING:
    from schema.search import SearchKind


async def feed(info: Info, first: int | None = None, after: str | None = None) -> Page:
    """The viewer's feed. Raises NotSignedIn, InvalidInput."""
    info.context.viewer.require_user()
    return await info.context.loaders[Feed].page(first=first, after=after).load(ALONE)


async def follow_requests(info: Info, first: int | None = None, after: str | None = None) -> Page:
    """Who waits for the viewer to accept. Raises NotSignedIn, InvalidInput."""
    me = info.context.viewer.require_user()
    return await info.context.loaders[RequestsOfUser].page(first=first, after=after).load(me)


async def search(info: Info, text: str, kind: "SearchKind", first: int | None = None, after: str | None = None) -> Page:
    """What the text finds. Raises InvalidInput."""
    lists: type[Search] = UserSearch if kind == "USERS" else PostSearch
    return await info.context.loaders[lists].results(text, first=first, after=after).load(ALONE)
