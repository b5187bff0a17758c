"""Lists of posts that hang on nobody: the viewer's feed, and the latest of all."""

from sqlalchemy import exists, select

from domain.visibility import VIEWER, visible_post
from loaders.feed_statement import feed_statement
from loaders.pages import AFTER, LIMIT, Listing, Lists
from models.posts import Post, Visibility
from models.users import User


class Feed(Lists):
    """Pages of posts by the viewer and those whom the viewer follows, newest first."""

    listings = {"": Listing("feed", feed_statement(VIEWER, AFTER, LIMIT, visible_post(VIEWER)))}


_is_private = exists().where(User.id == Post.author_id, User.is_private)


class Latest(Lists):
    """Pages of public posts by everyone, newest first."""

    listings = {
        "": Listing(
            "latest",
            select(Post)
            .where(Post.visibility == Visibility.PUBLIC, ~_is_private, visible_post(VIEWER), Post.id < AFTER)
            .order_by(Post.id.desc())
            .limit(LIMIT),
        )
    }
