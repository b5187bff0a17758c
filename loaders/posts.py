"""Posts: by id, of an author, their counts, and what the viewer did to them."""

from typing import Any

from sqlalchemy import BigInteger, bindparam, exists, func, select, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased

from domain.visibility import VIEWER, visible_post
from loaders.base import ANY_KEY, BatchLoader, FlagLoader, RowLoader, each_key
from loaders.counts import hidden, totals
from loaders.pages import AFTER, LIMIT, Listing, Lists
from models.comments import Comment
from models.posts import Post, PostCounter, PostLike, Visibility
from models.users import User


class PostById(RowLoader[Post]):
    """Posts by id; None where the viewer may not see one."""

    statement = select(Post).where(Post.id == ANY_KEY, visible_post(VIEWER))


_author = each_key("authors")
_post = aliased(
    Post,
    select(Post)
    .where(Post.author_id == _author.c.key, Post.id < AFTER, visible_post(VIEWER))
    .order_by(Post.id.desc())
    .limit(LIMIT)
    .lateral("page"),
)


class PostsOfAuthor(Lists):
    """Pages of what authors published, newest first."""

    listings = {
        "": Listing(
            "User.posts", select(_author.c.key.label("page_of"), _post).select_from(_author).join(_post, true())
        )
    }


_totals = totals(PostCounter, Post.id, "likes", "comments")


class PostCounts(RowLoader[Any]):
    """`likes` and `comments` of posts, without those by people whom a block hides from the viewer."""

    statement = (
        select(
            Post.id,
            (_totals.c.likes - hidden(PostLike.user_id, PostLike.post_id == Post.id)).label("likes"),
            (_totals.c.comments - hidden(Comment.author_id, Comment.post_id == Post.id)).label("comments"),
        )
        .join(_totals, true())
        .where(Post.id == ANY_KEY)
    )


class PostLikedByViewer(FlagLoader):
    """Whether the viewer likes a post."""

    statement = select(PostLike.post_id).where(PostLike.post_id == ANY_KEY, PostLike.user_id == VIEWER)


_until = func.unnest(bindparam("authors", type_=ARRAY(BigInteger)), bindparam("ends", type_=ARRAY(BigInteger)))
_place = _until.table_valued("author_id", "end").render_derived(name="places")
_for_all = (Post.visibility == Visibility.PUBLIC) & ~exists().where(User.id == Post.author_id, User.is_private)
_newest = (
    select(Post.id, _for_all.label("for_all"))
    .where(Post.author_id == _place.c.author_id, Post.id < _place.c.end)
    .order_by(Post.id.desc())
    .limit(100)
    .lateral("newest")
)


class NewestPosts(BatchLoader[tuple[int, int], list[Any]]):
    """`id` and `for_all` of the newest posts by an author below an id, whoever may see them, for (author, id).

    Only for telling those who could see them what to take away.
    """

    statement = select(_place.c.author_id, _place.c.end, _newest.c.id, _newest.c.for_all).join(_newest, true())

    async def batch_load_fn(self, keys: list[tuple[int, int]]) -> list[list[Any]]:
        """Read all lists at once."""
        authors, ends = map(list, zip(*keys, strict=True))
        rows = await self.read(self.statement, authors=authors, ends=ends)
        return [[row for row in rows if (row.author_id, row.end) == key] for key in keys]
