"""What an app may be registered as, by its developer or by itself."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from core.errors import InvalidInput
from domain.scopes import ASKABLE, in_order
from domain.text import clean, clean_url

LONGEST_NAME = 60
MOST_URIS = 20
LONGEST_URI = 500
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
GRANT_TYPES = ("authorization_code", "refresh_token", "client_credentials", DEVICE_CODE)
AUTH_METHODS = ("client_secret_basic", "client_secret_post", "none")
_PRIVATE_USE = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+")
"""RFC 8252, section 7.1: a domain name of the developer's, the other way round."""
_URI = re.compile(r"[!$&-;=?-Z_a-z~%\[\]]+")
_HOST = re.compile(r"([A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")
"""A name or an address, and a port: all that a page's policy may be told to admit."""


@dataclass(frozen=True, slots=True)
class Described:
    """An app as it will be kept."""

    name: str
    website: str | None
    redirect_uris: list[str]
    scopes: list[str]
    grant_types: list[str]
    auth_method: str
    dpop_bound: bool = False


def described(
    *path: str,
    name: str,
    website: str | None,
    redirect_uris: Sequence[str],
    scopes: Sequence[str] | None,
    grant_types: Sequence[str],
    auth_method: str,
    dpop_bound: bool = False,
) -> Described:
    """The same, cleaned. Raises InvalidInput at the names of what is wrong, below `path`."""
    for given, known, field in ((grant_types, GRANT_TYPES, "grantTypes"), ([auth_method], AUTH_METHODS, "authMethod")):
        if not frozenset(given) <= frozenset(known):
            raise InvalidInput.at(*path, field, message=f"Known are {', '.join(known)}.")
    if scopes is not None and not frozenset(scopes) <= ASKABLE.keys():
        raise InvalidInput.at(*path, "scopes", message=f"Known are {', '.join(ASKABLE)}.")
    if auth_method == "none" and "client_credentials" in grant_types:
        raise InvalidInput.at(*path, "grantTypes", message="An app without a secret has no credentials to act by.")
    if "authorization_code" in grant_types and not redirect_uris:
        raise InvalidInput.at(*path, "redirectUris", message="Say where people are to return to.")
    if len(redirect_uris) > MOST_URIS or not all(map(is_redirect_uri, redirect_uris)):
        raise InvalidInput.at(
            *path,
            "redirectUris",
            message=f"At most {MOST_URIS}, each https, or http at 127.0.0.1, [::1] or localhost, or of a private-use "
            "scheme such as com.example.app:/callback; without a fragment.",
        )
    return Described(
        clean(name, LONGEST_NAME, *path, "name", lines=False),
        clean_url(website, *path, "website") if website else None,
        list(dict.fromkeys(redirect_uris)),
        in_order(ASKABLE if scopes is None else scopes),
        [each for each in GRANT_TYPES if each in grant_types],
        auth_method,
        dpop_bound,
    )


def is_redirect_uri(uri: str) -> bool:
    """Whether people may be sent there with a code."""
    if len(uri) > LONGEST_URI or not _URI.fullmatch(uri):
        return False
    try:
        parts = urlsplit(uri)
        host = parts.hostname
    except ValueError:
        return False
    if "#" in uri or (parts.netloc and not _HOST.fullmatch(parts.netloc)):
        return False
    if parts.scheme == "http":
        return host in ("127.0.0.1", "::1", "localhost")
    return bool(host) if parts.scheme == "https" else bool(_PRIVATE_USE.fullmatch(parts.scheme))
