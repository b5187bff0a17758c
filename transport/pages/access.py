"""What may act as a person: where they are signed in, and tokens for programs of their own."""

from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from auth import personal
from core.errors import InvalidInput
from domain import access
from domain.scopes import WORDS
from loaders.access import PersonalTokensOfUser, SessionsOfUser
from loaders.factors import signed_in_lately
from transport.pages.visits import REFUSALS, Visit, Visits, number

BROWSERS = {"Edg": "Edge", "OPR/": "Opera", "Firefox/": "Firefox", "Chrome/": "Chrome", "Safari/": "Safari"}
SYSTEMS = {each: each for each in ("Android", "iPhone", "iPad", "Windows", "Linux")} | {"Mac OS": "macOS"}
LIFETIMES = {"7": "A week", "30": "30 days", "90": "90 days", "365": "A year", "": "Until it is revoked"}
"""What a token may last, by its days."""


async def devices(visit: Visit) -> Response:
    """Where one is signed in, and signing one device out, or all others."""
    db = visit.services.db
    if not visit.sends:
        return visit.page("devices.html", sessions=await visit.own(SessionsOfUser), viewer=visit.viewer, named=named)
    if "session" in visit.fields:
        await access.end_session(db, visit.viewer, visit.device, number("session", visit.fields["session"]))
    else:
        await access.end_other_sessions(db, visit.viewer, visit.device)
    return visit.done()


def named(agent: str | None) -> str:
    """What people call a browser that calls itself by half a dozen names."""
    browser = next((name for mark, name in BROWSERS.items() if mark in (agent or "")), None)
    system = next((name for mark, name in SYSTEMS.items() if mark in (agent or "")), None)
    return f"{browser} on {system}" if browser and system else browser or agent or "A program without a name"


async def tokens(visit: Visit) -> Response:
    """Tokens for programs: making one, which is shown once, and making one void."""
    if "revoke" in visit.fields:
        token_id = number("session", visit.fields["revoke"])
        await access.revoke_token(visit.services.db, visit.viewer, visit.device, token_id)
        return visit.done()
    shown: dict[str, Any] = {
        "tokens": await visit.own(PersonalTokensOfUser),
        "words": WORDS,
        "lifetimes": LIFETIMES,
        "ticked": visit.scopes,
        "may_change": await signed_in_lately(visit.services.db, visit.viewer),
    }
    if not visit.sends:
        return visit.page("tokens.html", **shown)
    try:
        made = await _made(visit)
    except REFUSALS as refusal:
        return visit.refused("tokens.html", refusal, **shown)
    name = made.personal_token.name
    return visit.page("secret.html", title=f"Your token “{name}”", secrets={"Token": made.token}, back=visit.path)


async def _made(visit: Visit) -> personal.Made:
    return await personal.create(
        visit.services,
        visit.viewer,
        visit.device,
        name=visit.fields.get("name", ""),
        scopes=visit.scopes,
        expires_at=_expiry(visit),
    )


def _expiry(visit: Visit) -> datetime | None:
    days = visit.fields.get("expiresAt", "")
    if days not in LIFETIMES:
        raise InvalidInput.at("input", "expiresAt", message="Choose how long it shall last.")
    return datetime.now(UTC) + timedelta(days=int(days)) if days else None


def routes(visits: Visits) -> list[Route]:
    """These pages."""
    return [
        Route("/account/sessions", visits.at(devices), methods=["GET", "POST"]),
        Route("/account/tokens", visits.at(tokens), methods=["GET", "POST"]),
    ]
