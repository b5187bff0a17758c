"""DPoP, RFC 9449: with each request comes a proof that the caller has the key that a token is, or will be, bound to."""

import hashlib
import time
from base64 import urlsafe_b64encode
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey
from joserfc.jws import JWSRegistry

from core.errors import NotSignedIn
from core.limits import Limiter
from core.settings import settings

TYPE = "dpop+jwt"
ALGORITHMS = ("ES256", "Ed25519")
"""Those that are quick to check with a key of any caller's making, as RSA isn't."""
LONGEST = 4096
FRESH = 60
"""Seconds by which `iat` may differ from our clock, either way: section 11.1."""
KEPT = 3 * FRESH
"""Seconds for which a proof is remembered: longer than it is fresh anywhere."""
_HEADERS = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
_KEYS: dict[str, tuple[type[ECKey | OKPKey], tuple[str, ...]]] = {
    "EC": (ECKey, ("kty", "crv", "x", "y")),
    "OKP": (OKPKey, ("kty", "crv", "x")),
}
_PORTS = {"http": 80, "https": 443}


class InvalidProof(NotSignedIn):
    """A proof that doesn't show what it should."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"The DPoP proof isn't good: {problem}")


class Shown(NamedTuple):
    """A proof, and the request that it came with."""

    proof: str
    """What the header `DPoP` says; of many headers, all of them."""
    method: str
    path: str
    """Below the public URL."""


async def check(limiter: Limiter, shown: Shown, *, token: str | None = None, jkt: str | None = None) -> str:
    """The thumbprint (RFC 7638) of the key that the caller has, by section 4.3; each proof is good once.

    With a token, at what it opens, the proof is for that token, and by the key that it is bound to: `jkt`.
    Raises InvalidProof.
    """
    key, claims = _opened(shown.proof)
    _compare(claims, shown)
    if token is not None and claims.get("ath") != _hash(token):
        raise InvalidProof("its ath isn't the hash of this access token.")
    thumbprint = key.thumbprint()
    if jkt is not None and thumbprint != jkt:
        raise InvalidProof("the access token is bound to another key.")
    if not await limiter.is_first("dpop", f"{thumbprint} {claims['jti']}", KEPT):
        raise InvalidProof("it was used before: make another for each request.")
    return thumbprint


def _opened(proof: str) -> tuple[ECKey | OKPKey, dict[str, Any]]:
    """The key that signed it, and what it says."""
    if len(proof) > LONGEST:
        raise InvalidProof(f"it has more than {LONGEST} characters.")
    try:
        header = jws.extract_compact(proof.encode(), registry=_HEADERS).headers()
        key = _key(header.get("jwk"))
        claims = jwt.decode(proof, key, registry=_HEADERS).claims
    except (JoseError, ValueError, KeyError, TypeError, RecursionError):
        wanted = f"send one JWT, with its public key as jwk, and signed with that by {' or '.join(ALGORITHMS)}."
        raise InvalidProof(wanted) from None
    if header.get("typ") != TYPE:
        raise InvalidProof(f"its typ is {TYPE}.")
    return key, claims


def _key(jwk: Any) -> ECKey | OKPKey:
    if "d" in jwk:
        raise InvalidProof("its jwk is a private key. Don't use that any more.")
    kind, members = _KEYS[jwk["kty"]]
    return kind.import_key({name: jwk[name] for name in members})


def _compare(claims: dict[str, Any], shown: Shown) -> None:
    url = settings().origin + shown.path
    jti, iat = claims.get("jti"), claims.get("iat")
    if not (isinstance(jti, str) and jti):
        raise InvalidProof("its jti is a string, another for each proof.")
    if claims.get("htm") != shown.method:
        raise InvalidProof(f"its htm is the method, here {shown.method}.")
    if not _is_same(claims.get("htu"), url):
        raise InvalidProof(f"its htu is the URL without query and fragment, here {url}.")
    if isinstance(iat, bool) or not isinstance(iat, int | float) or not abs(int(time.time()) - iat) <= FRESH:
        raise InvalidProof(f"its iat is when it was made, at most {FRESH} s ago. Is your clock right?")


def _is_same(htu: Any, url: str) -> bool:
    """Whether it is the URL, but for query, fragment, and what RFC 3986 makes no difference of: case and port."""
    try:
        return isinstance(htu, str) and _parts(htu) == _parts(url)
    except ValueError:
        return False


def _parts(url: str) -> tuple[object, ...]:
    parts = urlsplit(url)
    return parts.scheme, parts.username, parts.hostname, parts.port or _PORTS.get(parts.scheme), parts.path or "/"


def _hash(token: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).decode().rstrip("=")
