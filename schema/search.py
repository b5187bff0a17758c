"""Search."""

from enum import StrEnum
from typing import Annotated

import strawberry

from schema.enums import documented
from schema.pages import Connection
from schema.posts import Post
from schema.users import User


class SearchKind(StrEnum):
    """What to look for."""

    POSTS = "POSTS"
    USERS = "USERS"


documented(
    SearchKind,
    "What to look for.",
    POSTS='Posts with all the words; `"quoted words"` stand together, `-words` don\'t occur.',
    USERS="People whose handle or name holds the text, or is like it.",
)

SearchResult = Annotated[Post | User, strawberry.union("SearchResult", description="What a search finds.")]


@strawberry.type(description="One page of what a search found, the best first.")
class SearchConnection(Connection[SearchResult]):
    """One page of what a search found."""
