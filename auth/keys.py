"""The keys of this process: what signs, what verifies, and what others may know of them."""

import asyncio
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from joserfc.jwk import ECKey

from core.database import Database
from core.errors import Unavailable
from domain import keys
from domain.keys import ALGORITHM, KeyPair

READ_EVERY = 60.0
"""Seconds after which the keys are read again."""
LOOK_EVERY = 5.0
"""Seconds in which an unknown key id is looked up once: forged ones are free to make."""


class KeyRing:
    """The keys that are good now. Once loaded, it signs and verifies without waiting for anything."""

    def __init__(self) -> None:
        self._pairs: list[KeyPair] = []
        self._looked_at = float("-inf")

    async def load(self, db: Database) -> None:
        """Read the keys; make the first. Raises Unavailable."""
        self._pairs = await keys.ensure(db)

    async def keep(self, db: Database) -> None:
        """Read the keys again now and then, until cancelled. While the database is away, those known are good."""
        while True:
            await asyncio.sleep(READ_EVERY if self._pairs else 1)
            with suppress(Unavailable):
                await self.load(db)

    async def find(self, db: Database, kid: object) -> ECKey | None:
        """The key of this id, if it verifies now; an unknown one may be new. Raises Unavailable."""
        found = self._known(kid)
        if found is None and time.monotonic() - self._looked_at >= LOOK_EVERY:
            self._looked_at = time.monotonic()
            await self.load(db)
            found = self._known(kid)
        return found

    def signing_key(self) -> ECKey:
        """The newest key that others know by now; its id is in `signing_header`. Raises Unavailable."""
        return self._signing().key

    def signing_header(self, typ: str) -> dict[str, str]:
        """The header of a token of this type that `signing_key` signs. Raises Unavailable."""
        return {"alg": ALGORITHM, "typ": typ, "kid": self._signing().kid}

    def public_set(self) -> dict[str, list[dict[str, Any]]]:
        """What others verify with, as a JWK Set (RFC 7517)."""
        about = {"use": "sig", "alg": ALGORITHM}
        return {"keys": [pair.key.as_dict(private=False) | about | {"kid": pair.kid} for pair in self._good()]}

    def _signing(self) -> KeyPair:
        now = datetime.now(UTC)
        announced = [pair for pair in self._good() if pair.signs_from <= now]
        if not announced:
            raise Unavailable("signing key")
        return announced[-1]

    def _known(self, kid: object) -> ECKey | None:
        return next((pair.key for pair in self._good() if pair.kid == kid), None)

    def _good(self) -> list[KeyPair]:
        now = datetime.now(UTC)
        return [pair for pair in self._pairs if pair.verifies_until is None or pair.verifies_until > now]


ring = KeyRing()
"""This process's."""
