"""An app that asks people and redeems what they give it, over HTTP."""

import hashlib
import json
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from httpx2 import AsyncClient, Response
from joserfc import jws

from auth.oauth import authorize
from auth.oauth.authorize import Person as InFront
from core.database import Database
from core.ids import encode
from domain import apps
from domain.device import Device
from domain.registration import Described
from domain.scopes import ASKABLE
from tests.api import Person
from tests.auth.prover import Key

CALLBACK = "https://app.example/callback"
HERE = Device("192.0.2.1", "Test")
GRANT_TYPES = ["authorization_code", "refresh_token", "client_credentials"]


@dataclass(frozen=True)
class App:
    """A registered app."""

    db: Database
    http: AsyncClient
    client_id: str
    secret: str | None
    verifier: str
    key: Key | None = None
    """What it binds its tokens to."""

    @classmethod
    async def make(cls, db: Database, http: AsyncClient, *, auth_method: str = "client_secret_basic", **more) -> "App":
        given = {
            "website": None,
            "redirect_uris": [CALLBACK],
            "scopes": list(ASKABLE),
            "grant_types": GRANT_TYPES,
        } | more
        async with db.write() as tx:
            app, secret = await apps.make(tx, Described(name="An app", auth_method=auth_method, **given))
        return cls(db, http, encode("app", app.id), secret, secrets.token_urlsafe(48))

    def query(self, **changes: str | None) -> str:
        """The query string that its authorization requests have."""
        challenge = urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).decode().rstrip("=")
        parameters = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": CALLBACK,
            "scope": "posts:read offline_access",
            "state": "some state",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        } | changes
        return urlencode({name: value for name, value in parameters.items() if value is not None})

    async def ask(self, person: Person, *, allowed: list[str] | None = None, **changes: str | None) -> dict[str, str]:
        """What it is sent when somebody allows what it asks for."""
        query = self.query(**changes)
        return sent(await authorize.approve(self.db, query, in_front(person), HERE, scopes=allowed))

    async def redeem(self, code: str, **changes: str | None) -> Response:
        """Trade a code."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
        return await self.post("/oauth/token", **(form | {"code_verifier": self.verifier} | changes))

    async def renew(self, refresh_token: str, **changes: str | None) -> Response:
        """Trade a refresh token."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return await self.post("/oauth/token", **(form | changes))

    async def tokens(self, person: Person, *, allowed: list[str] | None = None, **changes: str | None) -> dict:
        """The tokens that somebody's consent leads to."""
        answer = await self.redeem((await self.ask(person, allowed=allowed, **changes))["code"])
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, **form: str | None) -> Response:
        """Call an endpoint as itself."""
        if self.secret is None:
            form = {"client_id": self.client_id} | form
        auth = (self.client_id, self.secret) if self.secret else None
        data = {name: value for name, value in form.items() if value is not None}
        headers = {"dpop": self.key.proof("POST", path)} if self.key else {}
        return await self.http.post(path, data=data, auth=auth, headers=headers)

    async def push(self, **changes: str | None) -> Response:
        """Push an authorization request."""
        return await self.post("/oauth/par", **dict(parse_qsl(self.query(**changes))))

    async def pushed(self, **changes: str | None) -> str:
        """The query string that a browser comes with after that."""
        answer = await self.push(**changes)
        assert answer.status_code == 201, answer.text
        return urlencode({"client_id": self.client_id, "request_uri": answer.json()["request_uri"]})

    def with_key(self, key: Key | None = None) -> "App":
        """Itself, with a key of its own, or this one."""
        return replace(self, key=key or Key())

    def posing_as(self, other: "App") -> "App":
        """Itself, with the other's verifier: all that a thief may have."""
        return replace(self, verifier=other.verifier)


def in_front(person: Person) -> InFront:
    """Somebody who has just signed in."""
    claims = jws.extract_compact(person.token.encode()).payload
    return InFront(person.number, int(json.loads(claims)["sid"]), datetime.now(UTC))


def sent(address: str) -> dict[str, str]:
    """The parameters of an address that the browser is sent to."""
    return {name: value for name, [value] in parse_qs(urlsplit(address).query).items()}
