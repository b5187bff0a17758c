"""The stock handler, as its users would write it: Strawberry's own ASGI application with an in-memory broadcast.

    python -m benchmarks.sockets.stock --port 8000

It neither asks who may see a post nor keeps any: what is measured is executing, encoding and sending.
"""

import argparse
import asyncio
from collections.abc import AsyncGenerator
from itertools import count
from typing import Annotated

import strawberry
import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from strawberry.asgi import GraphQL
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL

_numbers = count(1)
_subscribers: set["asyncio.Queue[PostAdded]"] = set()


@strawberry.type
class User:
    id: strawberry.ID
    handle: str
    name: str


@strawberry.type
class Post:
    id: strawberry.ID
    body: str
    author: User


@strawberry.type
class PostEdge:
    cursor: str
    node: Post


@strawberry.type
class PostAdded:
    cursor: str
    edge: PostEdge


@strawberry.type
class Heartbeat:
    cursor: str


Update = Annotated[PostAdded | Heartbeat, strawberry.union("FeedUpdate")]


@strawberry.type
class Query:
    ready: bool = True


@strawberry.type
class Mutation:
    @strawberry.mutation
    def publish(self, body: str) -> bool:
        number = str(next(_numbers))
        author = User(id=strawberry.ID("user_1"), handle="ada", name="Ada Lovelace")
        post = Post(id=strawberry.ID(f"post_{number}"), body=body, author=author)
        for queue in _subscribers:
            queue.put_nowait(PostAdded(cursor=number, edge=PostEdge(cursor=number, node=post)))
        return True


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def feed_updates(self) -> AsyncGenerator[Update, None]:
        queue: asyncio.Queue[PostAdded] = asyncio.Queue()
        _subscribers.add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            _subscribers.discard(queue)


schema = strawberry.Schema(Query, Mutation, Subscription, types=[PostAdded, Heartbeat])
graphql = GraphQL(schema, subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL])


async def readyz(_: object) -> JSONResponse:
    return JSONResponse({"status": "ok"})


app = Starlette(routes=[Route("/readyz", readyz), Mount("/graphql", graphql), Mount("/", graphql)])

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args().port
    uvicorn.run(
        app, port=port, ws="websockets-sansio", ws_per_message_deflate=False, log_level="warning", access_log=False
    )
