"""Search: posts by their words, people by the likeness of handle and name; ranked, the best first."""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, Text, bindparam, case, cast, func, select, tuple_
from sqlalchemy.orm import aliased

from core.ids import LARGEST
from core.reads import Reader
from domain.text import clean
from domain.viewer import Viewer
from domain.visibility import VIEWER, visible_post, visible_user
from loaders.pages import AFTER, AFTER_TIE, LIMIT, Listing, Lists, PageLoader
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


class _Results(PageLoader):
    """A page of what one text finds. The planner sees the text: how common it is decides the plan."""

    prepare = False

    def __init__(self, db: Reader, viewer: Viewer, listing: Listing, first: int, after: str | None, text: str) -> None:
        super().__init__(db, viewer, listing, first, after)
        escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        self.parameters |= {"text": text, "pattern": f"%{escaped}%"}


class Search(Lists):
    """What texts find, each a list that stands alone."""

    def results(self, text: str, *, first: int | None = None, after: str | None = None) -> PageLoader:
        """The loader of a page of results for the text. Raises InvalidInput."""
        return self._page(_Results, "", first, after, clean(text, LONGEST_TEXT, "text", lines=False).lower())


_query = func.websearch_to_tsquery("simple", _TEXT)
_likeness = func.word_similarity(_TEXT, User.search) + case(
    (User.handle == _TEXT, 2), (User.search.like(_PATTERN), 1), else_=0
)


class PostSearch(Search):
    """Posts with all the words; "quoted words" stand together, -words don't occur."""

    listings = {
        "": _ranked(
            "search.posts",
            Post,
            (Post.search.bool_op("@@")(_query), visible_post(VIEWER)),
            func.ts_rank(Post.search, _query),
        )
    }


class UserSearch(Search):
    """People whose handle or name holds the text, or is like it."""

    listings = {
        "": _ranked(
            "search.users",
            User,
            (_TEXT.bool_op("<%")(User.search) | User.search.like(_PATTERN), visible_user(VIEWER, User.id)),
            _likeness,
        )
    }
