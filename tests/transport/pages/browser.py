"""A browser without scripts, as far as cookies and forms go."""

import re
from html import unescape

from tests.api import PASSWORD
from tests.waiting import until

ORIGIN = {"origin": "http://starling.test"}
ELSEWHERE = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
WHO = "{ viewer { handle } }"


def hidden(page: str) -> dict[str, str]:
    """What a page's forms send along."""
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page)
    return {name: unescape(value) for name, value in fields}


class Browser:
    """What a browser does, as far as cookies and forms go."""

    def __init__(self, http):
        self.http = http
        http.cookies.clear()

    async def form(self, path: str) -> dict[str, str]:
        """A page's form as it comes."""
        page = await self.http.get(path)
        assert page.status_code == 200
        return hidden(page.text)

    async def sign_in(self, handle: str, password: str = PASSWORD, path: str = "/sign-in", headers=ORIGIN, **fields):
        sent = await self.form(path) | {"login": handle, "password": password} | fields
        return await self.http.post("/sign-in", data=sent, headers=headers)

    async def send(self, path: str, to: str | None = None, **fields):
        """Fill a page's form in, and send it."""
        return await self.http.post(to or path, data=await self.form(path) | fields, headers=ORIGIN)

    async def who(self, **headers) -> str | None:
        answer = await self.http.post("/graphql", json={"query": WHO}, headers=headers)
        viewer = answer.json()["data"]["viewer"]
        return viewer and viewer["handle"]

    async def is_over(self, secret: str) -> None:
        """Within a second, this secret is nobody's."""
        self.http.cookies.clear()

        async def is_nobodys() -> bool:
            return await self.who(**ORIGIN, cookie=f"starling-session={secret}") is None

        await until(is_nobodys, 1)

    async def is_void(self, token: str) -> None:
        """Within a second, this bearer is refused."""
        headers = {"authorization": f"Bearer {token}"}

        async def is_refused() -> bool:
            return (await self.http.post("/graphql", json={"query": WHO}, headers=headers)).status_code == 401

        await until(is_refused, 1)
