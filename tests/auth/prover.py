"""Keys of clients, and the proofs that they make with them, RFC 9449, section 4.2."""

import hashlib
import secrets
import time
from base64 import urlsafe_b64encode
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey

from core.settings import settings


class Key:
    """A key of a client's."""

    def __init__(self, algorithm: str = "ES256") -> None:
        self.algorithm = algorithm
        self.key = ECKey.generate_key("P-256") if algorithm == "ES256" else OKPKey.generate_key("Ed25519")

    @property
    def jkt(self) -> str:
        """Its thumbprint."""
        return self.key.thumbprint()

    def proof(
        self, method: str, path: str, token: str | None = None, header: dict[str, Any] | None = None, **claims: Any
    ) -> str:
        """A proof for a request, and for its token; with other headers and claims, and without those of None."""
        public = self.key.as_dict(private=False)
        ath = token and urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).decode().rstrip("=")
        url = settings().origin + path
        plain = {"jti": secrets.token_urlsafe(12), "htm": method, "htu": url, "iat": int(time.time()), "ath": ath}
        head = {"typ": "dpop+jwt", "alg": self.algorithm, "jwk": public}
        return jwt.encode(
            _without_none(head | (header or {})), _without_none(plain | claims), self.key, ["ES256", "Ed25519"]
        )

    def headers(self, method: str, path: str, token: str, **changes: Any) -> dict[str, str]:
        """What a request with a bound token has."""
        return {"authorization": f"DPoP {token}", "dpop": self.proof(method, path, token, **changes)}


def _without_none(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
