"""How often one may be wrong: counted for what is tried, e.g. an account, and for the address that tries it.

After some failures there is a CAPTCHA to solve where `asks` says so, after more a wait that doubles each time. Nobody
can lock somebody else out: who was right before, or solves a CAPTCHA, has a count of their own at the account.
"""

import hashlib
import math
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import NamedTuple

from auth.captcha import is_solved
from core.addresses import network
from core.backoff import Rule, Tried, Verdict
from core.errors import CaptchaRequired, RateLimited, Unavailable
from core.limits import Limiter
from core.settings import settings

NEVER = 10**9


class Attempt(StrEnum):
    """What somebody may be wrong at, or may do too often."""

    SIGN_IN = "sign-in"
    SECOND_FACTOR = "second-factor"
    PASSKEY = "passkey"
    SIGN_UP = "sign-up"
    LETTER = "letter"
    """To an address that somebody names: it may be somebody else's."""
    USER_CODE = "user-code"
    CLIENT = "client"


class Rules(NamedTuple):
    """How patient Starling is."""

    account: Rule
    address: Rule
    costs: bool = False
    """Whether an attempt counts even when it was right."""


RULES = {
    Attempt.SIGN_IN: Rules(Rule(5, asks=3), Rule(50, asks=20)),
    Attempt.SECOND_FACTOR: Rules(Rule(5, asks=NEVER), Rule(50, asks=NEVER)),
    Attempt.PASSKEY: Rules(Rule(10, asks=NEVER), Rule(50, asks=NEVER)),
    Attempt.SIGN_UP: Rules(Rule(5, asks=NEVER), Rule(50, asks=10), costs=True),
    Attempt.LETTER: Rules(Rule(3, asks=NEVER, first=60), Rule(20, asks=NEVER), costs=True),
    Attempt.USER_CODE: Rules(Rule(10, asks=NEVER), Rule(20, asks=NEVER)),
    Attempt.CLIENT: Rules(Rule(200, asks=NEVER), Rule(500, asks=NEVER)),
}


class Trial:
    """An attempt under way."""

    has_failed = False

    def fail(self) -> None:
        """It was wrong, though nothing is raised."""
        self.has_failed = True


@asynccontextmanager
async def of(
    limiter: Limiter,
    attempt: Attempt,
    *,
    account: str | int | None = None,
    address: str | None = None,
    captcha: str | None = None,
) -> AsyncIterator[Trial]:
    """Try something: whatever is raised within means that it was wrong. Raises RateLimited, CaptchaRequired.

    `captcha` is the solution that came along, if one did. What is Unavailable wasn't tried.
    """
    rules, trial, begun = RULES[attempt], Trial(), list[Tried]()
    solved = await is_solved(limiter, captcha, address or "")
    try:
        for rule, shared, own in _counts(attempt, account, address):
            begun.append(await _begin(limiter, rule, shared, own, solved))
        yield trial
    except (CaptchaRequired, RateLimited, Unavailable):
        for tried in begun:
            await limiter.backoff.settle(tried, was_right=False)
        raise
    if not (trial.has_failed or rules.costs):
        for tried in begun:  # an address isn't forgiven what it did to other accounts
            await limiter.backoff.settle(tried, was_right=tried.own is not None)


def _counts(attempt: Attempt, account: str | int | None, address: str | None) -> Iterator[tuple[Rule, str, str | None]]:
    """What the attempt counts for: the rule, the count that all share, and the one of the account at this address."""
    near = network(address) if address else None
    if near:
        yield RULES[attempt].address, _key(attempt, "address", near), None
    if account is not None:
        shared = _key(attempt, "account", str(account))
        yield RULES[attempt].account, shared, f"{shared}:{near or 'anywhere'}"


def _key(attempt: Attempt, kind: str, name: str) -> str:
    """A key that tells nobody who it is about: people type passwords where a handle belongs."""
    digest = hashlib.sha256(name.strip().lower().encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return f"starling:attempts:{{{attempt}:{kind}:{digest}}}"


async def _begin(limiter: Limiter, rule: Rule, shared: str, own: str | None, solved: bool) -> Tried:
    config = settings()
    asks = NEVER if config.captcha == "none" else round(rule.asks * config.attempts)
    rule = rule._replace(free=round(rule.free * config.attempts), asks=asks)
    tried = await limiter.backoff.attempt(rule, shared, own, is_sure=solved)
    if tried.verdict is Verdict.ASK:
        raise CaptchaRequired
    if tried.verdict is Verdict.WAIT:
        raise RateLimited(math.ceil(tried.wait))
    return tried
