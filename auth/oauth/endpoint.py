"""The token endpoint, and the four ways to its tokens."""

from auth.oauth.bridge import Answer, Server, run
from auth.oauth.device import Waiting
from auth.oauth.identity import IdToken
from auth.oauth.requests import Request
from auth.oauth.tokens import ClientCredentials, Code, Pkce, Refresh
from core.database import Database
from domain.device import Device


def parts(server: Server) -> None:
    """What the token endpoint gives tokens for."""
    server.register_grant(Code, [Pkce(), IdToken()])
    server.register_grant(Waiting, [IdToken()])
    server.register_grant(Refresh)
    server.register_grant(ClientCredentials)


async def token(db: Database, device: Device, request: Request) -> Answer:
    """Trade something for tokens. Raises Suspended, Unavailable."""
    return await run(db, device, parts, lambda server: server.create_token_response(request))
