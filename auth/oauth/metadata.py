"""What the authorization server says of itself, RFC 8414."""

from typing import Any

from authlib.oauth2.rfc8414 import AuthorizationServerMetadata

from auth.oauth.asked import PROMPTS
from auth.oauth.tokens import ANYHOW, WITH_SECRET
from auth.proofs import ALGORITHMS
from core.settings import settings
from domain.keys import ALGORITHM
from domain.registration import GRANT_TYPES
from domain.scopes import ASKABLE


def metadata() -> dict[str, Any]:
    """For /.well-known/oauth-authorization-server, and for /.well-known/openid-configuration."""
    origin = settings().origin
    found = AuthorizationServerMetadata(
        issuer=origin,
        authorization_endpoint=f"{origin}/oauth/authorize",
        token_endpoint=f"{origin}/oauth/token",
        revocation_endpoint=f"{origin}/oauth/revoke",
        introspection_endpoint=f"{origin}/oauth/introspect",
        pushed_authorization_request_endpoint=f"{origin}/oauth/par",
        require_pushed_authorization_requests=False,
        device_authorization_endpoint=f"{origin}/oauth/device_authorization",
        userinfo_endpoint=f"{origin}/oauth/userinfo",
        jwks_uri=f"{origin}/oauth/jwks",
        scopes_supported=list(ASKABLE),
        response_types_supported=["code"],
        response_modes_supported=["query"],
        grant_types_supported=list(GRANT_TYPES),
        token_endpoint_auth_methods_supported=ANYHOW,
        revocation_endpoint_auth_methods_supported=ANYHOW,
        introspection_endpoint_auth_methods_supported=WITH_SECRET,
        code_challenge_methods_supported=["S256"],
        dpop_signing_alg_values_supported=list(ALGORITHMS),
        authorization_response_iss_parameter_supported=True,
        subject_types_supported=["public"],
        id_token_signing_alg_values_supported=[ALGORITHM],
        prompt_values_supported=sorted(PROMPTS),
        claims_supported=["sub", "preferred_username", "name", "picture", "email", "email_verified"],
    )
    if settings().registration:
        found["registration_endpoint"] = f"{origin}/oauth/register"
    return dict(found)
