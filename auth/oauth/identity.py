"""OpenID Connect: who has signed in, told to the app at once (ID token) or when it asks (userinfo)."""

from typing import Any

from authlib.oidc.core import OpenIDToken

from auth.keys import ring
from core.database import Database
from core.ids import encode
from core.settings import settings
from domain.keys import ALGORITHM
from domain.scopes import Claim
from domain.viewer import Viewer
from loaders.identities import identity_of


class IdToken(OpenIDToken):  # type: ignore[misc]
    """An ID token with who it is; what they are called is asked for at userinfo, OpenID Connect Core, 5.4."""

    def resolve_client_private_key(self, _client: Any) -> Any:
        """The key that signs now."""
        return ring.signing_key()

    def get_client_algorithm(self, _client: Any) -> str:
        """One algorithm for all."""
        return ALGORITHM

    def get_encode_header(self, _client: Any) -> dict[str, str]:
        """Names the key."""
        return ring.signing_header("JWT")

    def get_client_claims(self, client: Any) -> dict[str, Any]:
        """From whom, and for whom."""
        return {"iss": settings().origin, "aud": [client.get_client_id()]}

    def generate_user_info(self, user: str, _scope: str) -> dict[str, str]:
        """Who it is."""
        return {"sub": user}


async def userinfo(db: Database, viewer: Viewer) -> dict[str, Any]:
    """What the scopes let an app know of the person. Raises NotSignedIn, Unavailable."""
    user_id, scopes = viewer.require_user(), viewer.scopes or frozenset()
    told: dict[str, Any] = {"sub": encode("user", user_id)}
    row = await identity_of(db, user_id)
    if Claim.PROFILE in scopes:
        told |= {"preferred_username": row.handle, "name": row.name}
        told |= {"picture": row.avatar_url} if row.avatar_url else {}
    if Claim.EMAIL in scopes and row.email:
        told |= {"email": row.email, "email_verified": row.email_verified_at is not None}
    return told
