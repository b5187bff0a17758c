"""Which pages of other origins may call the API from a browser: https://fetch.spec.whatwg.org/#http-cors-protocol"""

from collections.abc import Collection

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from transport.negotiation import PREFLIGHTED

SECONDS = 2 * 3600
"""How long a browser may remember a preflight's answer: no browser keeps it longer than this, but Firefox."""
SENT = ("Content-Type", "DPoP", "Last-Event-ID", *PREFLIGHTED)
READ = ("RateLimit", "RateLimit-Policy", "Retry-After")


def cors(origins: Collection[str], app: ASGIApp) -> ASGIApp:
    """The application, for pages of these origins too. Without credentials: a bearer token alone says who calls."""
    if not origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=("GET", "POST"),
        allow_headers=SENT,
        allow_credentials=False,
        expose_headers=READ,
        max_age=SECONDS,
    )
