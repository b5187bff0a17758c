"""The cookie that a browser's session is, and when it counts: RFC 6265bis.

`SameSite=Lax` keeps it from other sites' forms and scripts, but not from pages of a sibling domain, nor does a
WebSocket's handshake know of it everywhere: so it counts only in requests that our own pages caused.
"""

from collections.abc import Mapping

from starlette.requests import cookie_parser
from starlette.responses import Response

from core.origins import is_of
from core.settings import Settings

DAY = 24 * 60 * 60


class Cookies:
    """Their names, and how they are set. In production browsers take them over HTTPS only, from this very host."""

    def __init__(self, config: Settings) -> None:
        self._is_secure = config.production
        self._schemes = ("https",) if config.production else ("http", "https")
        self._seconds = config.refresh_token_days * DAY
        prefix = "__Host-" if config.production else ""
        self.session, self.form = f"{prefix}starling-session", f"{prefix}starling-form"

    def secret(self, headers: Mapping[str, str]) -> str | None:
        """The session's secret, where a page of ours sent it."""
        return self.read(headers, self.session) if "cookie" in headers and self.is_ours(headers) else None

    def read(self, headers: Mapping[str, str], name: str) -> str | None:
        """A cookie's value, whoever caused the request."""
        return cookie_parser(headers.get("cookie", "")).get(name) or None

    def is_ours(self, headers: Mapping[str, str]) -> bool:
        """Whether a page of this origin caused the request; browsers that can't tell are not believed."""
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        if origin is None:
            return site == "same-origin"
        return site in (None, "same-origin") and is_of(origin, headers.get("host", ""), *self._schemes)

    def set(self, response: Response, name: str, value: str, *, lasts: bool = False) -> None:
        """Have the browser keep a cookie, until it is closed or as long as a session lasts."""
        response.set_cookie(
            name, value, max_age=self._seconds if lasts else None, secure=self._is_secure, httponly=True, samesite="lax"
        )

    def clear(self, response: Response, name: str) -> None:
        """Have the browser forget a cookie."""
        response.delete_cookie(name, secure=self._is_secure, httponly=True, samesite="lax")
