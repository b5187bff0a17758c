"""Providers of identities on this machine, which can be told to lie: an OpenID one, and one like GitHub."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.listening import listening

ID, SECRET = "starling", "their secret"


@dataclass
class Provider:
    """Both in one. `lies` go into what it says; `answers` take the place of whole answers, by path."""

    origin: str = ""
    subject: str = "248289761001"
    lies: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, Response] = field(default_factory=dict)
    back: dict[str, str] = field(default_factory=dict)
    """What it sends along when it sends the browser back."""
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "1"}))
    signer: ECKey | None = None
    asked: dict[str, dict[str, str]] = field(default_factory=dict)
    """By code."""
    redeemed: list[str] = field(default_factory=list)
    """Codes that it was shown."""

    def app(self) -> Starlette:
        """Its routes."""
        routes = {
            "/.well-known/openid-configuration": self._discovery,
            "/authorize": self._authorize,
            "/login/oauth/authorize": self._authorize,
            "/token": self._token,
            "/login/oauth/access_token": self._token,
            "/jwks": self._jwks,
            "/user": self._user,
            "/user/emails": self._emails,
        }
        return Starlette(
            routes=[Route(path, self._or(path, at), methods=["GET", "POST"]) for path, at in routes.items()]
        )

    def _or(self, path: str, endpoint: Any) -> Any:
        async def answer(request: Request) -> Response:
            return self.answers.get(path) or await endpoint(request)

        return answer

    async def _discovery(self, _: Request) -> Response:
        paths = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "jwks"}
        found = {name: f"{self.origin}/{path}" for name, path in paths.items()}
        says_who = {"authorization_response_iss_parameter_supported": True}
        return JSONResponse({"issuer": self.origin, **found, **says_who} | self.metadata)

    async def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self.asked)}"
        self.asked[code] = asked
        back = {"code": code, "state": asked["state"], "iss": self.origin} | self.back
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(back)}")

    async def _token(self, request: Request) -> Response:
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        self.redeemed.append(form["code"])
        asked = self.asked.pop(form["code"], None)
        if asked is None or len(form["code_verifier"]) < 43 or form["redirect_uri"] != asked["redirect_uri"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(time.time())
        claims = {"iss": self.origin, "aud": ID, "sub": self.subject, "iat": now, "exp": now + 60}
        claims |= {"nonce": asked.get("nonce"), "name": "Grace", "email": "grace@elsewhere.example"} | self.lies
        claims = {name: value for name, value in claims.items() if value is not None}
        token = jwt.encode({"alg": "ES256", "kid": "1"}, claims, self.signer or self.key)
        return JSONResponse({"access_token": "theirs", "token_type": "bearer", "id_token": token})

    async def _jwks(self, _: Request) -> Response:
        return JSONResponse(KeySet([self.key]).as_dict(private=False))

    async def _user(self, request: Request) -> Response:
        assert request.headers["authorization"] == "Bearer theirs"
        return JSONResponse({"id": 583231, "login": "octograce", "name": "Grace"} | self.lies)

    async def _emails(self, _: Request) -> Response:
        return JSONResponse([{"email": "grace@hub.example", "primary": True, "verified": True}])


@asynccontextmanager
async def serving(provider: Provider) -> AsyncIterator[Provider]:
    """The provider on a port of its own."""
    async with listening(provider.app()) as provider.origin:
        yield provider
