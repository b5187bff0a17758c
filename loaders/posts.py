"""Posts: by id, of an author, their counts, and what the viewer did to them."""

from typing import Any

from sqlalchemy import select, true
from sqlalchemy.orm import aliased

from domain.visibility import VIEWER, visible_post
from loaders.base import ANY_KEY, FlagLoader, RowLoader, each_key
from loaders.counts import hidden, totals
from loaders.pages import AFTER, LIMIT, Listing, PageLoader
from models.comments import Comment
from models.posts import Post, PostCounter, PostLike


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


class PostsOfAuthor(PageLoader):
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
