"""Signing in anew where an app wants that: `prompt` and `max_age` of OpenID Connect Core 1.0, section 3.1.2.1.

A browser that is sent to sign in comes back with the moment at which that was, sealed with what the app asks: who has
signed in since then has done so anew. So it holds at the question and at the answer, and nobody can leave it out.
"""

import hmac
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from auth.oauth.asked import max_age, prompts
from auth.oauth.requests import Pairs, Request
from core.settings import settings

ANEW = frozenset({"login", "select_account"})
SINCE = "since"
"""The parameter of ours that has the moment, in microseconds, and its seal."""
GOOD_FOR = timedelta(hours=1)
"""How long it may take from there to the answer."""
DECIDING = timedelta(minutes=10)
"""How much longer than `max_age` somebody may take to decide."""


def is_wanted(request: Request) -> bool:
    """Whether the person signs in for this request, whenever they did before."""
    return bool(prompts(request) & ANEW) or max_age(request) == 0


def is_due(request: Request, authenticated_at: datetime, *, at_the_answer: bool = False) -> bool:
    """Whether who signed in then has to sign in once more."""
    since = _since(request)
    if is_wanted(request) and (since is None or authenticated_at < since):
        return True
    most, more = max_age(request), DECIDING if at_the_answer else timedelta()
    return bool(most) and datetime.now(UTC) - authenticated_at > timedelta(seconds=most or 0) + more


def marked(request: Request) -> Pairs:
    """The same request, for who signs in from now on."""
    moment, asked = str(int(datetime.now(UTC).timestamp() * 1_000_000)), _asked(request)
    return [*asked, (SINCE, f"{moment}.{_seal(moment, asked)}")]


def _since(request: Request) -> datetime | None:
    """When the browser was sent to sign in for this request, if it was and lately."""
    moment, _, seal = request.payload.data.get(SINCE, "").partition(".")
    if not hmac.compare_digest(seal.encode(), _seal(moment, _asked(request)).encode()):
        return None
    since = datetime.fromtimestamp(int(moment) / 1_000_000, UTC)
    return since if datetime.now(UTC) - since < GOOD_FOR else None


def _asked(request: Request) -> Pairs:
    return [pair for pair in request.payload.pairs if pair[0] != SINCE]


def _seal(moment: str, asked: Pairs) -> str:
    key = settings().secret.get_secret_value().encode()
    return hmac.digest(key, f"anew:{moment}:{urlencode(asked)}".encode(), "sha256").hex()
