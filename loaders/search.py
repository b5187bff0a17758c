"""Search: posts by their words, people by the likeness of handle and name; ranked, the best first."""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, Text, bindparam, case, cast, func, select, tuple_
from sqlalchemy.orm import aliased

from core.ids import LARGEST
from domain.text import clean
from domain.visibility import VIEWER, visible_post, visible_user
from loaders.pages import AFTER, AFTER_TIE, LIMIT, Listing, PageKey, PageLoader
from models.posts import Post
from models.users import User

CANDIDATES = 1_000
"""Ranked are the newest matches, at most so many: a bound on what a common word costs."""
LONGEST_TEXT = 200
_TEXT: ColumnElement[str] = bindparam("text", type_=Text)
_PATTERN: ColumnElement[str] = bindparam("pattern", type_=Text)


def _ranked(name: str, model: type[Any], matches: Any, rank: ColumnElement[Any]) -> Listing:
    candidates = select(model, cast(rank * 1_000_000, BigInteger).label("rank")).where(*matches)
    found = candidates.order_by(model.id.desc()).limit(CANDIDATES).subquery("found")
    row = aliased(model, found)
    page: Select[Any] = (
        select(found.c.rank, row)
        .where(tuple_(found.c.rank, found.c.id) < tuple_(AFTER, AFTER_TIE))
        .order_by(found.c.rank.desc(), found.c.id.desc())
        .limit(LIMIT)
    )
    return Listing(name, page, ("rank", "id"), (LARGEST, LARGEST))


class _Search(PageLoader):
    """Pages of what a text finds. The planner sees the text: how common it is decides the plan."""

    @classmethod
    def key(cls, of: Any = None, **page: Any) -> PageKey:
        """The key of a page of results for the text `of`. Raises InvalidInput."""
        return super().key(clean(of, LONGEST_TEXT, "text", lines=False).lower(), **page)

    def alike(self, key: PageKey) -> tuple[Any, ...]:
        """Each text is a statement of its own."""
        return key

    async def rows(self, listing: Listing, of: list[Any], **page: int) -> list[Any]:
        """The results' rows."""
        text = of[0]
        escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return await self.read(listing.statement, prepare=False, text=text, pattern=f"%{escaped}%", **page)


_query = func.websearch_to_tsquery("simple", _TEXT)
_likeness = func.word_similarity(_TEXT, User.search) + case(
    (User.handle == _TEXT, 2), (User.search.like(_PATTERN), 1), else_=0
)


class PostSearch(_Search):
    """Posts with all the words; "quoted words" stand together, -words don't occur."""

    listings = {
        "": _ranked(
            "search.posts",
            Post,
            (Post.search.bool_op("@@")(_query), visible_post(VIEWER)),
            func.ts_rank(Post.search, _query),
        )
    }


class UserSearch(_Search):
    """People whose handle or name holds the text, or is like it."""

    listings = {
        "": _ranked(
            "search.users",
            User,
            (_TEXT.bool_op("<%")(User.search) | User.search.like(_PATTERN), visible_user(VIEWER, User.id)),
            _likeness,
        )
    }
