"""An authorization request, RFC 6749, section 4.1.1: what an app may ask for, and how."""

import re
from typing import Any

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError

from auth.oauth.bridge import Server
from auth.oauth.requests import Request
from auth.oauth.tokens import Code, Pkce
from core.settings import settings

JKT = re.compile(r"[A-Za-z0-9_-]{43}")
"""A thumbprint, SHA-256."""
MAX_AGE = re.compile(r"[0-9]{0,9}")
"""Seconds: for a generation at most."""
PROMPTS = frozenset({"none", "login", "consent", "select_account"})


def parts(server: Server) -> None:
    """What may be asked for."""
    server.register_grant(Code, [Pkce()])


def asked(server: Server, request: Request) -> Any:
    """The request as a grant of Authlib's, validated: client, redirect URI, PKCE, scopes. Raises OAuth2Error."""
    data, grant = request.payload.data, server.get_consent_grant(request, end_user=request.payload.client_id)
    if not prompts(request) <= PROMPTS or ("none" in prompts(request) and len(prompts(request)) > 1):
        raise InvalidRequestError("There is no such prompt.", redirect_uri=grant.redirect_uri)
    if not MAX_AGE.fullmatch(data.get("max_age", "")):
        raise InvalidRequestError("max_age is a number of seconds.", redirect_uri=grant.redirect_uri)
    if "dpop_jkt" in data and not JKT.fullmatch(data["dpop_jkt"]):
        raise InvalidRequestError("dpop_jkt is the SHA-256 of a key, RFC 7638.", redirect_uri=grant.redirect_uri)
    if "request" in data:
        error = "request_not_supported"
        raise OAuth2Error("Push what is asked instead.", error=error, redirect_uri=grant.redirect_uri)
    for resource in request.payload.datalist.get("resource", []):
        if resource.rstrip("/") not in (settings().origin, f"{settings().origin}/graphql"):
            raise OAuth2Error("There is no such resource.", error="invalid_target", redirect_uri=grant.redirect_uri)
    return grant


def prompts(request: Request) -> frozenset[str]:
    """What the person is asked in any case."""
    return frozenset((request.payload.data.get("prompt") or "").split())


def max_age(request: Request) -> int | None:
    """Seconds since the person signed in, at most."""
    given = request.payload.data.get("max_age")
    return int(given) if given else None
