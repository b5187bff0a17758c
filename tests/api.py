"""A client for tests: operations in, data out; and people to run them as."""

import os
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from httpx2 import ASGITransport, AsyncClient, Response
from starlette.applications import Starlette

_numbers = count(1)
PASSWORD = "correct horse battery"
Rows = Callable[[], Awaitable[dict[str, int]]]
"""Counts the rows of every table."""
Work = Callable[..., Awaitable[None]]
"""Does the jobs that are due."""

SIGN_UP = """
mutation ($input: SignUpInput!) {
  signUp(input: $input) {
    ... on SignUpSuccess { session { accessToken refreshToken viewer { id handle name } } }
    ... on Error { code message }
    ... on InvalidInput { fields { path message } }
  }
}
"""


@dataclass
class Statements:
    """The SQL texts that were read."""

    texts: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.texts)


@dataclass(frozen=True)
class Person:
    """Somebody who is signed in."""

    id: str
    handle: str
    token: str
    refresh_token: str

    @property
    def number(self) -> int:
        """The id as the database has it."""
        return int(self.id.removeprefix("user_"))


class Api:
    """The application over HTTP."""

    def __init__(self, http: AsyncClient) -> None:
        self.http = http

    @classmethod
    @asynccontextmanager
    async def of(cls, app: Starlette):
        """Talk to the application in this process, from an address that no other client's haste is charged to."""
        transport = ASGITransport(app, client=(f"client-{os.getpid()}-{next(_numbers)}", 1))
        async with AsyncClient(transport=transport, base_url="http://starling.test") as http:
            yield cls(http)

    async def post(
        self, query: str, variables: dict | None = None, viewer: Person | None = None, **headers
    ) -> Response:
        """The bare response."""
        if viewer:
            headers["authorization"] = f"Bearer {viewer.token}"
        return await self.http.post("/graphql", json={"query": query, "variables": variables}, headers=headers)

    async def answer(self, query: str, viewer: Person | None = None, **variables: Any) -> dict:
        """The response's JSON."""
        return (await self.post(query, variables, viewer)).json()

    async def __call__(self, query: str, viewer: Person | None = None, **variables: Any) -> dict:
        """The data of an operation that must succeed."""
        answer = await self.answer(query, viewer, **variables)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    async def mutate(
        self, name: str, /, viewer: Person | None = None, select: str = "__typename", **input: Any
    ) -> dict:
        """The result of one mutation: what is selected of its success, or the refusal's code and fields."""
        kind = name[0].upper() + name[1:]
        query = f"""mutation ($input: {kind}Input!) {{ {name}(input: $input) {{
            __typename ... on {kind}Success {{ {select} }}
            ... on Error {{ code message ... on InvalidInput {{ fields {{ path message }} }} }} }} }}"""
        return (await self(query, viewer, input=input))[name]

    async def mutate_bare(self, name: str, /, viewer: Person | None) -> dict:
        """The result of a mutation that takes nothing."""
        return (await self(f"mutation {{ {name} {{ __typename ... on Error {{ code message }} }} }}", viewer))[name]

    async def sign_up(self, handle: str | None = None, name: str = "Somebody", private: bool = False) -> Person:
        """A new person."""
        handle = handle or f"person_{next(_numbers)}"
        account = {"handle": handle, "name": name, "email": f"{handle}@example.org", "password": PASSWORD}
        session = (await self(SIGN_UP, input=account))["signUp"]["session"]
        person = Person(
            session["viewer"]["id"], session["viewer"]["handle"], session["accessToken"], session["refreshToken"]
        )
        if private:
            await self.mutate("updateProfile", person, isPrivate=True)
        return person

    async def create_post(self, author: Person, body: str = "Hello.", visibility: str = "PUBLIC") -> str:
        """A new post's id."""
        made = await self.mutate("createPost", author, "post { id }", body=body, visibility=visibility)
        return made["post"]["id"]

    async def add_comment(self, author: Person, post_id: str, body: str = "Well.", parent_id: str | None = None) -> str:
        """A new comment's id."""
        made = await self.mutate("addComment", author, "comment { id }", postId=post_id, parentId=parent_id, body=body)
        return made["comment"]["id"]

    async def follow(self, follower: Person, followee: Person) -> None:
        """Follow, and be accepted."""
        state = await self.mutate("followUser", follower, "user { viewerFollow }", userId=followee.id)
        if state["user"]["viewerFollow"] == "REQUESTED":
            await self.mutate("acceptFollow", followee, userId=follower.id)

    async def block(self, blocker: Person, blocked: Person) -> None:
        """Block."""
        await self.mutate("blockUser", blocker, userId=blocked.id)
