"""A little of everything that limits and prices have to deal with."""

from typing import Annotated, Optional

import strawberry


def costing(cost: int) -> dict[str, int]:
    return {"cost": cost}


@strawberry.interface
class Node:
    id: strawberry.ID


@strawberry.type
class User(Node):
    name: str

    @strawberry.field(metadata=costing(1))
    def posts(self, first: int = 20) -> "PostConnection":
        raise NotImplementedError

    @strawberry.field
    def friend(self) -> Optional["User"]:
        raise NotImplementedError


@strawberry.type
class Post(Node):
    body: str

    @strawberry.field(metadata=costing(1))
    def author(self) -> User:
        raise NotImplementedError

    @strawberry.field(metadata=costing(2))
    def liked(self) -> bool:
        raise NotImplementedError

    @strawberry.field(metadata=costing(3))
    def comments(self, first: int | None = None) -> "PostConnection":
        raise NotImplementedError


@strawberry.type
class PostConnection:
    nodes: list[Post] = strawberry.field(metadata=costing(0))
    total: int


@strawberry.input
class Filter:
    words: list[str] | None = None
    also: Optional["Filter"] = None


SearchResult = Annotated[User | Post, strawberry.union("SearchResult")]


@strawberry.type
class Query:
    @strawberry.field(metadata=costing(1))
    def feed(self, first: int = 20) -> PostConnection:
        raise NotImplementedError

    @strawberry.field(metadata=costing(1))
    def node(self, id: strawberry.ID) -> Node | None:
        raise NotImplementedError

    @strawberry.field(metadata=costing(1))
    def nodes(self, ids: list[strawberry.ID]) -> list[Node | None]:
        raise NotImplementedError

    @strawberry.field(metadata=costing(5))
    def search(self, text: str = "", filter: Filter | None = None, first: int = 10) -> list[SearchResult]:
        raise NotImplementedError

    @strawberry.field
    def viewer(self) -> User | None:
        raise NotImplementedError

    @strawberry.field
    def hello(self) -> str:
        return "hello"


@strawberry.type
class Mutation:
    @strawberry.mutation(metadata=costing(10))
    def publish(self, body: str) -> Post:
        raise NotImplementedError


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def published(self) -> Post:
        raise NotImplementedError


schema = strawberry.Schema(Query, Mutation, Subscription)._schema
