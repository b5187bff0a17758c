"""What clients ask the authorization server, as Authlib reads it."""

import re
from base64 import b64decode
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Payload, OAuth2Request
from authlib.oauth2.rfc6749.util import extract_basic_authorization

from core.settings import settings

MOST_PARAMETERS = 50
PARAMETERS = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*")
"""What those may consist of that errors repeat: RFC 6749, appendix A, and what may stand in an `error_description`."""
REPEATED = ("client_id", "grant_type", "redirect_uri", "response_type", "scope")
CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
MAY_COME_TWICE = "resource"
"""RFC 8707, section 2."""

Pairs = list[tuple[str, str]]


class Payload(OAuth2Payload):  # type: ignore[misc]
    """Parameters, each of which comes once."""

    data: dict[str, str] = {}
    datalist: Mapping[str, list[str]] = {}

    def __init__(self, pairs: Pairs) -> None:
        self.pairs, self.data, self.datalist = pairs, dict(pairs), defaultdict(list)
        for name, value in pairs:
            self.datalist[name].append(value)


class Request(OAuth2Request):  # type: ignore[misc]
    """A request to an endpoint under the public URL, whatever a proxy makes of it."""

    jkt: str | None = None
    """The thumbprint of the key that the client has shown to have, RFC 9449."""

    def __init__(self, method: str, path: str, headers: Mapping[str, str], pairs: Pairs) -> None:
        """Raises InvalidRequestError."""
        super().__init__(method, settings().origin + path, headers=_credentials(headers))
        _check(pairs)
        self.payload = Payload(pairs)

    @property
    def claims_to_be(self) -> str:
        """The client id that comes along, whoever sends it."""
        basic, _ = extract_basic_authorization(self.headers)
        return basic or self.form.get("client_id", "")

    @property
    def form(self) -> dict[str, str]:
        """The parameters of a body."""
        return self.payload.data


def parse(text: bytes) -> Pairs:
    """A form or a query string. Raises InvalidRequestError."""
    try:
        return parse_qsl(text.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_PARAMETERS)
    except ValueError:
        raise InvalidRequestError("Parameters must be few, and URL-encoded.") from None


def _credentials(headers: Mapping[str, str]) -> dict[str, str]:
    """The one header that Authlib reads, if it can: RFC 7617."""
    authorization = headers.get("authorization", "")
    scheme, _, encoded = authorization.partition(" ")
    try:
        is_basic = scheme.lower() == "basic" and b":" in b64decode(encoded, validate=True)
        return {"Authorization": authorization} if is_basic and b64decode(encoded).decode() else {}
    except ValueError:
        return {}


def _check(pairs: Iterable[tuple[str, str]]) -> None:
    """RFC 6749, sections 3.1 and 3.2: nothing comes more than once."""
    for name, times in Counter(name for name, _ in pairs).items():
        if times > 1 and name != MAY_COME_TWICE:
            raise InvalidRequestError("A parameter must not be sent more than once.")
    for name, value in pairs:
        if CONTROLS.search(value) or (name in REPEATED and not PARAMETERS.fullmatch(value)):
            raise InvalidRequestError("A parameter has characters that it must not have.")
