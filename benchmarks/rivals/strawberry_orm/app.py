"""Strawberry as its documentation has it: entities of the ORM, DataLoaders, and a resolver for each relation.

Serve it with uvicorn; SECRET, DATABASE_URL and POOL_SIZE come from the environment.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import strawberry
from sqlalchemy import func, select
from strawberry.asgi import GraphQL
from strawberry.extensions import ParserCache, ValidationCache

from benchmarks.rivals.strawberry_orm.data import Loaders, sessions, viewer_of
from core.ids import LARGEST
from domain import counters
from loaders import comments, feeds, follows, posts, search
from models.comments import Comment as CommentRow
from models.outbox import OutboxEvent
from models.posts import Post as PostRow
from models.users import User as UserRow
from models.users import UserCounter

Info = strawberry.Info[dict[str, Loaders], Any]


def loaders(info: Info) -> Loaders:
    """The request's."""
    return info.context["loaders"]


@strawberry.type
class PageInfo:
    """Where a page ends."""

    has_next_page: bool


@strawberry.interface
class Node:
    """Something with an id."""

    id: strawberry.ID


def _id(prefix: str) -> Any:
    def resolve(root: Any) -> strawberry.ID:
        return strawberry.ID(f"{prefix}_{root.id}")

    return strawberry.field(resolver=resolve)


@strawberry.type
class User(Node):
    """A person."""

    id: strawberry.ID = _id("user")
    handle: str
    name: str
    bio: str | None
    is_private: bool
    created_at: datetime

    @classmethod
    def is_type_of(cls, value: Any, _: Any) -> bool:
        """Whether a row is one."""
        return isinstance(value, UserRow)

    @strawberry.field
    async def post_count(self, info: Info) -> int:
        return (await loaders(info).counts.load(self.id)).posts

    @strawberry.field
    async def follower_count(self, info: Info) -> int:
        return (await loaders(info).counts.load(self.id)).followers

    @strawberry.field
    async def following_count(self, info: Info) -> int:
        return (await loaders(info).counts.load(self.id)).following

    @strawberry.field
    async def viewer_follow(self, info: Info) -> str:
        follow = await loaders(info).follow.load(self.id)
        return "NONE" if follow is None else "FOLLOWING" if follow.accepted else "REQUESTED"

    @strawberry.field
    async def follows_viewer(self, info: Info) -> bool:
        return await loaders(info).follows_viewer.load(self.id) is not None

    @strawberry.field
    async def posts(self, info: Info, first: int = 20) -> "PostConnection":
        rows = await loaders(info).page(posts.PostsOfAuthor, first).load(self.id)
        return page(PostConnection, rows, first)

    @strawberry.field
    async def followers(self, info: Info, first: int = 20) -> "UserConnection":
        rows = await loaders(info).page(follows.FollowersOfUser, first).load(self.id)
        return page(UserConnection, rows, first)


@strawberry.enum
class CommentOrder(StrEnum):
    """Which comments come first."""

    NEWEST = "NEWEST"
    OLDEST = "OLDEST"


@strawberry.type
class Comment(Node):
    """An answer."""

    id: strawberry.ID = _id("comment")
    body: str
    depth: int
    created_at: datetime

    @classmethod
    def is_type_of(cls, value: Any, _: Any) -> bool:
        """Whether a row is one."""
        return isinstance(value, CommentRow)

    @strawberry.field
    async def author(self, info: Info) -> User:
        return await loaders(info).users.load(self.author_id)

    @strawberry.field
    async def replies(
        self, info: Info, first: int = 20, order: CommentOrder = CommentOrder.OLDEST
    ) -> "CommentConnection":
        rows = await loaders(info).page(comments.RepliesOfComment, first, order.value).load(self.id)
        return page(CommentConnection, rows, first)


@strawberry.type
class Post(Node):
    """Something a person published."""

    id: strawberry.ID = _id("post")
    body: str
    visibility: str
    created_at: datetime

    @classmethod
    def is_type_of(cls, value: Any, _: Any) -> bool:
        """Whether a row is one."""
        return isinstance(value, PostRow)

    @strawberry.field
    async def author(self, info: Info) -> User:
        return await loaders(info).users.load(self.author_id)

    @strawberry.field
    async def comments(
        self, info: Info, first: int = 20, order: CommentOrder = CommentOrder.NEWEST
    ) -> "CommentConnection":
        rows = await loaders(info).page(comments.CommentsOfPost, first, order.value).load(self.id)
        return page(CommentConnection, rows, first)


@strawberry.type
class UserConnection:
    """A page of people."""

    nodes: list[User]
    page_info: PageInfo


@strawberry.type
class CommentConnection:
    """A page of comments."""

    nodes: list[Comment]
    page_info: PageInfo


@strawberry.type
class PostConnection:
    """A page of posts."""

    nodes: list[Post]
    page_info: PageInfo


SearchResult = Annotated[Post | User, strawberry.union("SearchResult")]


@strawberry.type
class SearchConnection:
    """A page of what a search found."""

    nodes: list[SearchResult]
    page_info: PageInfo


def page(kind: Any, rows: list[Any], first: int) -> Any:
    """A connection of one row more than the page has, if there is more."""
    return kind(nodes=rows[:first], page_info=PageInfo(has_next_page=len(rows) > first))


@strawberry.type
class Query:
    """What can be asked."""

    @strawberry.field
    async def viewer(self, info: Info) -> User | None:
        return await loaders(info).users.load(loaders(info).viewer)

    @strawberry.field
    async def user(self, info: Info, handle: str) -> User | None:
        return await loaders(info).user_by_handle.load(handle.lower())

    @strawberry.field
    async def node(self, info: Info, id: strawberry.ID) -> Node | None:
        kind, _, number = id.partition("_")
        return await loaders(info).posts.load(int(number)) if kind == "post" else None

    @strawberry.field
    async def feed(self, info: Info, first: int = 20) -> PostConnection:
        found = await loaders(info).read(feeds.Feed.listings[""].statement, limit=first + 1, after_0=LARGEST)
        return page(PostConnection, [row[0] for row in found], first)

    @strawberry.field
    async def search(self, info: Info, text: str, first: int = 20) -> SearchConnection:
        async with sessions() as session:
            await session.execute(PLAN_ANEW)
            what = {"text": text.strip().lower(), "viewer": loaders(info).viewer, "limit": first + 1}
            statement = search.PostSearch.listings[""].statement
            found = await session.execute(statement, {**what, "after_0": LARGEST, "after_1": LARGEST})
            return page(SearchConnection, [row[-1] for row in found], first)


PLAN_ANEW = select(func.set_config("plan_cache_mode", "force_custom_plan", True))


@strawberry.interface
class Error:
    """A refusal."""

    code: str
    message: str


@strawberry.type
class InvalidInput(Error):
    """Arguments that can't be used."""


@strawberry.type
class CreatePostSuccess:
    """The post is published."""

    post: Post


@strawberry.input
class CreatePostInput:
    """A post to publish."""

    body: str


@strawberry.type
class Mutation:
    """What can be changed."""

    @strawberry.mutation
    async def create_post(
        self, info: Info, input: CreatePostInput
    ) -> Annotated[CreatePostSuccess | InvalidInput, strawberry.union("CreatePostResult")]:
        body, author = input.body.strip(), loaders(info).viewer
        if not 0 < len(body) <= 5_000:
            return InvalidInput(code="INVALID_INPUT", message="1–5,000 characters.")
        async with sessions.begin() as session:
            post = PostRow(author_id=author, body=body, visibility="PUBLIC")
            session.add(post)
            await session.flush()
            one_more = {"owner": author, "add_public_posts": 1}
            await session.execute(counters._add(UserCounter, ("public_posts",)), one_more)
            session.add(OutboxEvent(kind="PostAdded", payload={"post_id": post.id, "author_id": author}))
        return CreatePostSuccess(post=post)


class Endpoint(GraphQL[dict[str, Loaders], None]):
    """GraphQL over HTTP, with loaders that live as long as a request."""

    async def get_context(self, request: Any, response: Any) -> Any:
        """What a request carries with it."""
        return {"loaders": Loaders(viewer_of(request.headers["authorization"]))}


schema = strawberry.Schema(
    Query, Mutation, types=[Post, User, Comment, InvalidInput], extensions=[ParserCache, ValidationCache]
)
app = Endpoint(schema, graphql_ide=None)
