"""Origins of web pages as settings name them, RFC 6454."""

import re
from typing import Any
from urllib.parse import urlsplit

_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-f:]+\](:[0-9]{1,5})?")


def listed(text: Any) -> Any:
    """What stands between commas."""
    return [each.strip() for each in text.split(",") if each.strip()] if isinstance(text, str) else text


def are_origins(origins: tuple[str, ...]) -> tuple[str, ...]:
    """The same, if each is an origin, or `*` stands alone. Raises ValueError."""
    for origin in origins:
        if origin != "*" and not _ORIGIN.fullmatch(origin):
            raise ValueError(f"{origin} is no origin: write it like https://app.example, in lower case, without a path")
    if "*" in origins and len(origins) > 1:
        raise ValueError("* stands for every origin, so it stands alone")
    return origins


def is_of(origin: str, host: str, *schemes: str) -> bool:
    """Whether a page's origin is of this host, by one of these schemes."""
    try:
        scheme, netloc, *_ = urlsplit(origin)
    except ValueError:
        return False
    return scheme in schemes and netloc.lower() == host.lower()


def is_public(url: str | None) -> str | None:
    """The same, if it is one origin; a slash at its end is left out. Raises ValueError."""
    if url is None:
        return None
    [origin] = are_origins((url.rstrip("/"),))
    if origin == "*":
        raise ValueError("it is one origin, like https://starling.example")
    return origin
