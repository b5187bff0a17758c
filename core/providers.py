"""Who else may say who somebody is: providers of identities, as settings name them."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, SecretStr

_SAFE = re.compile(r"https://[^\s/?#@]+[^\s?#]*|http://(127\.0\.0\.1|localhost)(:[0-9]+)?(/[^\s?#]*)?")


def is_safe(url: str) -> str:
    """The same, if nobody can listen on the way there: HTTPS, or this machine. Raises ValueError."""
    if not _SAFE.fullmatch(url):
        raise ValueError(f"{url!r} is no https URL")
    return url


class OpenIDProvider(BaseModel):
    """An OpenID provider that lets people in."""

    name: str = Field(pattern="^[a-z0-9-]{1,32}$")
    """What it is called in addresses."""
    title: str = ""
    """What people are shown; the name where there is none."""
    issuer: Annotated[str, AfterValidator(is_safe)]
    """Exactly as it writes it."""
    client_id: str
    client_secret: SecretStr = SecretStr("")
