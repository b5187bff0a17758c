"""The mail server that e-mail is handed over to, as its URL names it."""

from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

PORTS = {"smtp": 587, "smtps": 465, "smtp+plain": 25}


class MailServer(NamedTuple):
    """Where it is, who we are to it, and how the way there is kept secret."""

    host: str
    port: int
    user: str | None
    password: str | None
    scheme: str

    @property
    def begins_with_tls(self) -> bool:
        """Whether TLS comes first, and not by STARTTLS."""
        return self.scheme == "smtps"

    @property
    def must_start_tls(self) -> bool:
        """Whether STARTTLS is insisted on (RFC 3207): whoever is between could take an offer of it away."""
        return self.scheme == "smtp"


def mail_server(url: str) -> MailServer:
    """What a URL names: `smtp://user:password@host:587`. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname:
        raise ValueError(f"a URL like smtp://user:password@host:587 is expected; schemes are {', '.join(PORTS)}")
    user, password = (text and unquote(text) for text in (parts.username, parts.password))
    return MailServer(parts.hostname, parts.port or PORTS[parts.scheme], user, password, parts.scheme)


def is_mail_server(url: SecretStr | None) -> SecretStr | None:
    """The same, if it is such a URL. Raises ValueError."""
    if url:
        mail_server(url.get_secret_value())
    return url
