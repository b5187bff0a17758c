"""The way to other providers: they may be slow, away, or send without end, and none of that is our trouble."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from ssl import SSLContext
from typing import Any

import httpx2
from authlib.integrations.base_client.errors import AuthlibBaseError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from joserfc.errors import JoseError

SECONDS = 10
"""For all that is asked of a provider at a time."""
LONGEST = 256 * 1024
"""Bytes of an answer."""


FAILURES = (
    *(AuthlibBaseError, JoseError, httpx2.HTTPError, httpx2.InvalidURL),
    *(TimeoutError, ValueError, LookupError, TypeError, AttributeError, RecursionError),
)
"""How it shows that a provider is away, or says what can't be."""
_log = logging.getLogger("starling.external")


class ProviderFailed(Exception):
    """A provider is away, or says what can't be. `message` is for people."""

    def __init__(self, title: str) -> None:
        self.message = f"{title} didn't answer as it should: try again later, or sign in otherwise."
        super().__init__(self.message)


class Bounded(httpx2.AsyncHTTPTransport):
    """Reads answers up to `LONGEST`, and none that could unpack into more."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The whole answer. Raises httpx2.ReadError."""
        request.headers["Accept-Encoding"] = "identity"
        response, body = await super().handle_async_request(request), bytearray()
        try:
            async for part in response.aiter_raw():
                body += part
                if len(body) > LONGEST or response.headers.get("content-encoding", "identity") != "identity":
                    raise httpx2.ReadError("The answer is too long, or packed.", request=request)
        finally:
            await response.aclose()
        return httpx2.Response(response.status_code, headers=response.headers, content=bytes(body), request=request)


@cache
def certificates() -> SSLContext:
    """Whom we trust on the web; reading that takes as long as thirty requests."""
    return httpx2.create_ssl_context()


@asynccontextmanager
async def client(title: str, client_id: str, client_secret: str, **options: Any) -> AsyncIterator[AsyncOAuth2Client]:
    """Authlib's client, PKCE included. Whatever goes wrong with a provider raises ProviderFailed."""
    made = AsyncOAuth2Client(
        client_id,
        client_secret or None,
        code_challenge_method="S256",
        transport=Bounded(verify=certificates()),
        timeout=SECONDS,
        **options,
    )
    try:
        async with asyncio.timeout(SECONDS), made:
            yield made
    except FAILURES as error:
        _log.warning("%s can't let anybody in: %s", title, type(error).__name__)
        raise ProviderFailed(title) from error


async def json_of(web: AsyncOAuth2Client, url: str, *, is_public: bool = False) -> Any:
    """What is at an address; one that `is_public` needn't be shown our token. Raises httpx2.HTTPError, ValueError."""
    response = await web.request("GET", url, withhold_token=is_public)
    response.raise_for_status()
    return response.json()
