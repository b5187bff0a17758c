"""Other providers: whom they know, by the authorization code flow with PKCE. Any of OpenID, and GitHub."""

import time
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol
from urllib.parse import urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet

from auth.external.web import client, json_of
from core.providers import OpenIDProvider, is_safe
from core.settings import settings

ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"]
LEEWAY, REMEMBERED = 60, 3600
"""Seconds that clocks may differ by, and that a provider's metadata is remembered for."""
LONGEST = 255


@dataclass(frozen=True, slots=True)
class Stranger:
    """Somebody whom a provider knows. Name and address are what it says, and show nothing."""

    issuer: str
    subject: str
    label: str
    name: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Round:
    """What holds one way there and back together."""

    redirect_uri: str
    state: str
    nonce: str
    verifier: str


class Provider(Protocol):
    """What lets people in."""

    name: str
    title: str

    async def address(self, way: Round) -> str:
        """Where to send the browser. Raises ProviderFailed."""

    async def stranger(self, way: Round, answer: dict[str, str]) -> Stranger:
        """Whom the browser came back as. Raises ProviderFailed."""


class OpenID:
    """A provider with discovery (OpenID Connect Core and Discovery 1.0, RFC 9207)."""

    _known: ClassVar[dict[str, tuple[float, dict[str, Any]]]] = {}

    def __init__(self, config: OpenIDProvider) -> None:
        self._config, self.name, self.title = config, config.name, config.title or config.name

    async def address(self, way: Round) -> str:
        """See above."""
        async with self._client(way) as web:
            metadata = await self._metadata(web)
            url, _ = web.create_authorization_url(
                self._endpoint(metadata, "authorization_endpoint"),
                state=way.state,
                nonce=way.nonce,
                code_verifier=way.verifier,
            )
        return str(url)

    async def stranger(self, way: Round, answer: dict[str, str]) -> Stranger:
        """See above."""
        async with self._client(way) as web:
            metadata = await self._metadata(web)
            self._check_issuer(metadata, answer)
            token_url, keys_url = (self._endpoint(metadata, name) for name in ("token_endpoint", "jwks_uri"))
            token = await web.fetch_token(token_url, code=answer["code"], code_verifier=way.verifier)
            keys = KeySet.import_key_set(await json_of(web, keys_url, is_public=True))
            claims = self._claims(token["id_token"], keys, way.nonce)
        return Stranger(
            self._config.issuer,
            claims["sub"],
            _text(claims.get("preferred_username") or claims.get("email") or claims["sub"]),
            _text(claims.get("name")),
            _text(claims.get("email")),
        )

    def _client(self, way: Round) -> Any:
        secret = self._config.client_secret.get_secret_value()
        return client(
            self.title,
            self._config.client_id,
            secret,
            redirect_uri=way.redirect_uri,
            scope="openid profile email",
            token_endpoint_auth_method="client_secret_basic" if secret else "none",
        )

    async def _metadata(self, web: Any) -> dict[str, Any]:
        issuer = self._config.issuer
        read_at, metadata = self._known.get(issuer, (0.0, {}))
        if read_at < time.monotonic() - REMEMBERED or not metadata:
            metadata = await json_of(web, issuer.rstrip("/") + "/.well-known/openid-configuration", is_public=True)
            if metadata["issuer"] != issuer:
                raise ValueError("The metadata is of another issuer.")
            self._known[issuer] = time.monotonic(), metadata
        return metadata

    def _endpoint(self, metadata: dict[str, Any], name: str) -> str:
        """Where the provider says that this is: on this machine only if it is there itself."""
        url: str = is_safe(metadata[name])
        if urlsplit(url).scheme != urlsplit(self._config.issuer).scheme:
            raise ValueError(f"The {name} is less safe than the provider.")
        return url

    def _check_issuer(self, metadata: dict[str, Any], answer: dict[str, str]) -> None:
        """Whether it is this provider that answers, and not another one whose answer was sent here (RFC 9207)."""
        must = metadata.get("authorization_response_iss_parameter_supported") is True
        if answer.get("iss", None if must else self._config.issuer) != self._config.issuer:
            raise ValueError("The answer is of another issuer.")

    def _claims(self, id_token: str, keys: KeySet, nonce: str) -> dict[str, Any]:
        claims = jwt.decode(id_token, keys, algorithms=ALGORITHMS).claims
        me = self._config.client_id
        jwt.JWTClaimsRegistry(
            leeway=LEEWAY,
            iss={"essential": True, "value": self._config.issuer},
            aud={"essential": True, "value": me},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        ).validate(claims)
        is_for_several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if claims.get("azp", None if is_for_several else me) != me:
            raise ValueError("The ID token was issued to somebody else.")
        if not isinstance(claims["sub"], str) or not 1 <= len(claims["sub"]) <= LONGEST:
            raise ValueError("The ID token says nobody.")
        return claims


class GitHub:
    """GitHub, which is no OpenID provider: who it is, its API says."""

    name, title = "github", "GitHub"

    async def address(self, way: Round) -> str:
        """See above."""
        async with self._client(way) as web:
            url, _ = web.create_authorization_url(
                f"{settings().github_url}/login/oauth/authorize", state=way.state, code_verifier=way.verifier
            )
        return str(url)

    async def stranger(self, way: Round, answer: dict[str, str]) -> Stranger:
        """See above."""
        config = settings()
        async with self._client(way) as web:
            token_url = f"{config.github_url}/login/oauth/access_token"
            await web.fetch_token(token_url, code=answer["code"], code_verifier=way.verifier)
            user = await json_of(web, f"{config.github_api_url}/user")
            if type(user["id"]) is not int:
                raise ValueError("There is no id.")
            emails = await json_of(web, f"{config.github_api_url}/user/emails")
            primary = [each["email"] for each in emails if each["primary"] and each["verified"]]
        return Stranger(
            config.github_url, str(user["id"]), _text(user["login"]), _text(user.get("name")), _text(*primary[:1])
        )

    def _client(self, way: Round) -> Any:
        config = settings()
        secret = config.github_client_secret
        return client(
            self.title,
            config.github_client_id or "",
            secret.get_secret_value() if secret else "",
            redirect_uri=way.redirect_uri,
            scope="read:user user:email",
            token_endpoint_auth_method="client_secret_post",  # noqa: S106
        )


def offered() -> dict[str, Provider]:
    """Those that the settings name, by name."""
    config = settings()
    all_: list[Provider] = [OpenID(each) for each in config.sign_in_with]
    if config.github_client_id:
        all_.append(GitHub())
    return {each.name: each for each in all_}


def _text(value: Any = "") -> str:
    """What a provider says, as far as it is a text that can be shown."""
    return "".join(filter(str.isprintable, value))[:LONGEST] if isinstance(value, str) else ""
