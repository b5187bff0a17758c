"""Errors as clients get them: refusals with their code, everything else masked and logged with an id."""

import logging
import re
import secrets
from collections.abc import Iterable
from typing import Any

from graphql import GraphQLError

from auth.proofs import ALGORITHMS, InvalidProof
from core.errors import InvalidInput, NotSignedIn, RateLimited, StarlingError, Suspended, Unavailable

logger = logging.getLogger("starling.errors")
_GIVEN = re.compile(r"(, found:| Found:|(?<=a non string value):) .*", re.DOTALL)
"""Where graphql-core repeats what it was given: maybe a password, on its way into the log of a client."""
_ALGORITHMS = f'algs="{" ".join(ALGORITHMS)}"'


def present(error: GraphQLError) -> dict[str, Any]:
    """One entry of a response's `errors`."""
    shown: dict[str, Any] = {"message": error.message}
    if error.locations:
        shown["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    if error.path:
        shown["path"] = error.path
    original = error.original_error
    if isinstance(original, (StarlingError, Unavailable)):
        shown["extensions"] = extensions(original)
    elif original is None or isinstance(original, GraphQLError):
        shown["message"] = _GIVEN.sub("", error.message)
        shown["extensions"] = {"code": "BAD_REQUEST", **(error.extensions or {})}
    else:
        shown |= masked(original)
    return shown


def extensions(error: StarlingError | Unavailable) -> dict[str, Any]:
    """What a client can branch on."""
    if isinstance(error, Unavailable):
        return {"code": "UNAVAILABLE"}
    more: dict[str, Any] = {}
    if isinstance(error, InvalidInput):
        more["fields"] = [{"path": list(field.path), "message": field.message} for field in error.fields]
    if isinstance(error, RateLimited):
        more["retryAfter"] = error.retry_after
    if isinstance(error, Suspended):
        more |= {"reason": error.reason, "until": error.until and error.until.isoformat()}
    return {"code": str(error.code), **more}


def challenge(authorization: str, refusal: NotSignedIn) -> str:
    """What `WWW-Authenticate` says to a token that won't do: RFC 6750, section 3, and RFC 9449, section 7."""
    error = "invalid_dpop_proof" if isinstance(refusal, InvalidProof) else "invalid_token"
    if _is_bound(authorization):
        return f'DPoP error="{error}", {_ALGORITHMS}'
    return f'Bearer error="{error}", DPoP {_ALGORITHMS}'


def insufficient(authorization: str, scopes: Iterable[str]) -> str:
    """The same, to a token that isn't good for enough."""
    more = f'error="insufficient_scope", scope="{" ".join(scopes)}"'
    return f"DPoP {more}, {_ALGORITHMS}" if _is_bound(authorization) else f"Bearer {more}"


def _is_bound(authorization: str) -> bool:
    """Whether the token comes as one that is bound to a key."""
    return authorization.strip().lower().startswith("dpop ")


def masked(error: BaseException) -> dict[str, Any]:
    """A failure of ours: the log has the whole, the client has its id."""
    reference = secrets.token_hex(8)
    logger.error("unexpected failure %s", reference, exc_info=error)
    message = f"Something went wrong on our side. If you report it, say {reference}."
    return {"message": message, "extensions": {"code": "INTERNAL", "id": reference}}
