"""Starling's own statements, for the rivals that write SQL by hand: so that all servers ask PostgreSQL the same."""

import json
from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, Text, bindparam, insert
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from domain import counters
from loaders.comments import CommentsOfPost, RepliesOfComment
from loaders.feeds import Feed
from loaders.follows import FollowersOfUser, FollowOfViewer, FollowsViewer
from loaders.posts import PostById, PostsOfAuthor
from loaders.search import PostSearch
from loaders.users import UserByHandle, UserById, UserCounts
from models.outbox import OutboxEvent
from models.posts import Post
from models.users import UserCounter


def statements() -> dict[str, Any]:
    """The statements by the names that benchmarks/rivals knows them by."""
    comments = {f"commentsOfPost.{order}": each.statement for order, each in CommentsOfPost.listings.items()}
    replies = {f"repliesOfComment.{order}": each.statement for order, each in RepliesOfComment.listings.items()}
    return {
        **comments,
        **replies,
        "feed": Feed.listings[""].statement,
        "followersOfUser": FollowersOfUser.listings[""].statement,
        "followsOfViewer": FollowOfViewer.statement,
        "followsViewer": FollowsViewer.statement,
        "posts": PostById.statement,
        "postsOfAuthor": PostsOfAuthor.listings[""].statement,
        "search": PostSearch.listings[""].statement,
        "users": UserById.statement,
        "usersByHandle": UserByHandle.statement,
        "userCounts": UserCounts.statement,
        "insertPost": insert(Post)
        .values(
            author_id=bindparam("author", type_=BigInteger),
            body=bindparam("text", type_=Text),
            visibility=bindparam("seen", type_=Text),
        )
        .returning(Post),
        "countPost": counters._add(UserCounter, ("public_posts",)),
        "recordEvent": insert(OutboxEvent).values(
            kind=bindparam("what", type_=Text), payload=bindparam("ids", type_=JSONB)
        ),
    }


def write(path: Path) -> None:
    """All of them as JSON: text with numbered parameters, the parameters' names, and the values of constants."""
    path.write_text(json.dumps({name: plain(statement) for name, statement in statements().items()}), "utf-8")


def plain(statement: Any) -> dict[str, Any]:
    """A statement in PostgreSQL's own words, with what its parameters are called and what they always are."""
    compiled = statement.compile(dialect=PGDialect_psycopg(paramstyle="numeric_dollar"))
    constants = {name: str(value) for name, value in compiled.params.items() if value is not None}
    return {"text": str(compiled), "parameters": compiled.positiontup, "constants": constants}
