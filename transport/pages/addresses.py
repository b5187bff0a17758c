"""Every page, by its address."""

from starlette.routing import BaseRoute, Route

from auth.tokens import Tokens
from core.settings import Settings
from loaders.context import Services
from transport.cookies import Cookies
from transport.pages import (
    access,
    account,
    apps,
    consent,
    doors,
    external,
    identities,
    letters,
    looks,
    mailbox,
    passkeys,
    second,
)
from transport.pages.session import SessionOverJSON
from transport.pages.visits import Visits


def routes(services: Services, tokens: Tokens, cookies: Cookies, config: Settings) -> list[BaseRoute]:
    """All of them."""
    visits = Visits(services, tokens, cookies, config)
    session = SessionOverJSON(services, tokens, cookies, config)
    return [
        *looks.routes(),
        *consent.routes(visits),
        *doors.routes(visits),
        *external.routes(visits),
        *letters.routes(visits),
        *mailbox.routes(services, config),
        *account.routes(visits),
        *access.routes(visits),
        *apps.routes(visits),
        *identities.routes(visits),
        *second.routes(visits),
        *passkeys.routes(visits),
        Route("/session", session.answer, methods=["POST", "DELETE"]),
    ]
