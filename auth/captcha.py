"""Showing to be no machine: ALTCHA's proof of work, made and checked here, or hCaptcha or Turnstile by setting.

A solution is good once. ALTCHA's costs a browser about half a second; whoever has no JavaScript waits instead, until
failures are forgotten.
"""

import asyncio
import hmac
import json
import time
from enum import StrEnum
from typing import NamedTuple

import httpx2
from altcha import Payload, create_challenge, verify_solution

from auth.external.web import certificates
from core.errors import CaptchaRequired, Unavailable
from core.limits import Limiter
from core.settings import settings
from loaders.context import Info

ALGORITHM, ITERATIONS, PREFIX = "PBKDF2/SHA-256", 5_000, "00"
"""One key in 256 begins like this; each takes so many iterations."""
GOOD_FOR = 600
"""Seconds for which a challenge may be solved."""
PATIENCE = 3.0
"""Seconds that another provider may take."""
LONGEST = 16 * 1024
NOT_SOLVED = "This CAPTCHA isn't solved, has expired, or was used already: get another challenge, and solve that."
_VERIFIERS = {
    "hcaptcha": "https://api.hcaptcha.com/siteverify",
    "turnstile": "https://challenges.cloudflare.com/turnstile/v0/siteverify",
}


class CaptchaProvider(StrEnum):
    """Who makes the CAPTCHAs."""

    NONE = "none"
    ALTCHA = "altcha"
    HCAPTCHA = "hcaptcha"
    TURNSTILE = "turnstile"


class Challenge(NamedTuple):
    """What a client needs to show a CAPTCHA."""

    provider: CaptchaProvider
    site_key: str | None
    challenge: str | None
    """ALTCHA's, as JSON."""


def challenge() -> Challenge:
    """A new one."""
    config = settings()
    if config.captcha != "altcha":
        return Challenge(CaptchaProvider(config.captcha), config.captcha_site_key, None)
    made = create_challenge(
        ALGORITHM, ITERATIONS, key_prefix=PREFIX, expires_at=int(time.time()) + GOOD_FOR, hmac_secret=_key()
    )
    return Challenge(CaptchaProvider.ALTCHA, None, json.dumps(made.to_dict()))


async def ask(_: Info) -> Challenge:
    """A new one, for whoever asks the API."""
    return challenge()


async def is_solved(limiter: Limiter, solution: str | None, address: str) -> bool:
    """Whether a solution came along. Raises CaptchaRequired where it isn't good, Unavailable."""
    if not solution or settings().captcha == "none":
        return False
    verify = _worked if settings().captcha == "altcha" else _vouched
    name = await verify(solution, address) if len(solution) <= LONGEST else None
    if name is None or not await limiter.is_first("captcha", name, 2 * GOOD_FOR):
        raise CaptchaRequired(NOT_SOLVED)
    return True


async def _worked(solution: str, _address: str) -> str | None:
    """The challenge that ALTCHA's solution solves. Only that is used up: the same work can be written in many ways."""
    if not (await asyncio.to_thread(verify_solution, solution, _key())).verified:
        return None
    return Payload.from_base64(solution).challenge.signature


async def _vouched(solution: str, address: str) -> str | None:
    """The solution, if its provider says that it is one. Raises Unavailable."""
    config = settings()
    url = config.captcha_verify_url or _VERIFIERS[config.captcha]
    secret = config.captcha_secret.get_secret_value() if config.captcha_secret else ""
    try:
        async with httpx2.AsyncClient(verify=certificates(), timeout=PATIENCE) as http:
            answer = await http.post(url, data={"secret": secret, "response": solution, "remoteip": address})
            answer.raise_for_status()
            said = answer.json()
    except (httpx2.HTTPError, ValueError) as error:
        raise Unavailable("CAPTCHA's provider") from error
    return solution if isinstance(said, dict) and said.get("success") is True else None


def _key() -> bytes:
    return hmac.digest(settings().secret.get_secret_value().encode(), b"captcha", "sha256")
