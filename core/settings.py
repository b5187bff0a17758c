"""Every setting of Starling, read from the environment in this one place.

Names are `STARLING_` plus the field's name in capitals; `DATABASE_URL` and `REDIS_URL` go without the prefix because
hosting platforms set them under these names.
"""

import os
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from core import mail, trusted
from core.origins import are_origins, is_public, listed
from core.providers import OpenIDProvider, is_safe

_WELL_KNOWN = {"database_url", "database_replica_url", "redis_url"}
"""What hosting platforms set, under these very names."""
DEVELOPMENT_SECRET = "starling-development-secret-do-not-use-in-production"  # noqa: S105


class Settings(BaseSettings):
    """What can be set from outside, with the defaults of a development machine."""

    model_config = SettingsConfigDict(env_prefix="STARLING_", extra="ignore", populate_by_name=True)

    env: Literal["development", "production"] = "development"
    database_url: str | None = Field(None, validation_alias="DATABASE_URL")
    """`postgresql://…`, PostgreSQL 15 or newer. Unset: an embedded PostgreSQL is started."""
    database_replica_url: str | None = Field(None, validation_alias="DATABASE_REPLICA_URL")
    """A streaming replica of it, for queries of those who didn't write within the last `replica_lag_seconds`."""
    redis_url: str | None = Field(None, validation_alias="REDIS_URL")
    """`redis://…` or `unix://…`, Redis 7 or Valkey. Unset: an embedded Valkey is started."""
    data: Path | None = None
    """Where the embedded engines keep their files. Unset: `.data` in the project, or below /var/lib for root."""
    public_url: Annotated[str | None, AfterValidator(is_public)] = None
    """The origin under which people and apps reach Starling, e.g. `https://starling.example`: the issuer of its tokens.
    Unset: where the development server listens."""
    secret: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    """What other keys are derived from. At least 32 characters; `openssl rand -hex 32` makes a good one."""
    previous_secrets: Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(listed)] = ()
    """Secrets before it, with commas between them: what was sealed under one of them can still be read."""
    demo: bool | None = None
    """Whether the demo world is seeded into an empty database. Unset: in development only."""

    smtp_url: Annotated[SecretStr | None, AfterValidator(mail.is_mail_server)] = None
    """The server that e-mail is handed over to, e.g. `smtp://user:password@smtp.example:587`, with STARTTLS; `smtps://`
    with TLS from the beginning, `smtp+plain://` without. Unset: e-mail stays here, to be read at `/dev/mail`."""
    mail_from: str = "Starling <no-reply@starling.example>"
    """Whom e-mail is from."""
    worker: bool | None = None
    """Whether the server does jobs, besides `cli.py worker`. Unset: in development only."""

    executor: Literal["compiled", "reference"] = "compiled"
    """What executes operations: plans, or graphql-core, which takes its time. Both give the same answers."""
    build_explorer: bool = True
    """Whether a development server builds the explorer when Node.js is there and the build is missing or old."""

    database_pool_size: int = Field(10, ge=1)
    """Connections per process for reads; writes have as many of their own."""
    database_pool_timeout: float = Field(0.25, gt=0)
    """Seconds to wait for a free connection before the answer is 503."""
    database_pipeline: bool = True
    """Whether reads share connections in pipeline mode. Not through a pooler in transaction mode, such as PgBouncer."""
    replica_lag_seconds: float = Field(5.0, gt=0)
    """How far behind the replica may be; one that is further isn't read."""
    password_length: int = Field(8, ge=8, le=64)
    """Characters of a new password, at least. NIST SP 800-63B-4 wants 15 where there is no second factor."""
    registration: bool = True
    """Whether apps may register themselves, RFC 7591. Developers can always register theirs."""
    registration_days: int = Field(30, ge=1)
    """After how many days an app that registered itself and never got a token is forgotten."""
    access_token_seconds: int = Field(900, ge=1)
    refresh_token_days: int = Field(30, ge=1)

    sign_in_with: tuple[OpenIDProvider, ...] = ()
    """OpenID providers that let people in, as JSON: `[{"name", "title", "issuer", "client_id", "client_secret"}]`."""
    github_client_id: str | None = None
    """Set: people may sign in with GitHub."""
    github_client_secret: SecretStr | None = None
    github_url: Annotated[str, AfterValidator(is_safe)] = "https://github.com"
    github_api_url: Annotated[str, AfterValidator(is_safe)] = "https://api.github.com"

    cors_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(listed), AfterValidator(are_origins)] = ()
    """Whose pages may call the API from a browser, e.g. `https://app.example,https://beta.example`; `*`: all."""
    persisted_queries: int = Field(10_000, ge=0)
    """How many documents are remembered by their hash, for clients that send it instead of the text. 0: none."""
    trusted_documents: Annotated[Path | None, AfterValidator(trusted.readable)] = None
    """A JSON file with the text of each document by its id or hash. Set: nothing else is executed."""
    public_seconds: int = Field(5, ge=0)
    """How long caches may keep the answer to a persisted GET query about what everybody may see. 0: not at all."""

    limit_body: int = Field(256 * 1024, ge=1024)
    """Bytes of a request; the longest post is 20 kB."""
    limit_body_seconds: float = Field(10.0, gt=0)
    """How long a client may take to send it."""
    limit_tokens: int = Field(2000, ge=1)
    """Names, punctuators, values and comments of a GraphQL document."""
    limit_depth: int = Field(12, ge=1)
    """Fields within fields of an operation; introspection has a depth of its own."""
    limit_aliases: int = Field(30, ge=0)
    """Aliases of an operation, a fragment's counting wherever it is spread."""
    limit_root_fields: int = Field(20, ge=1)
    """Fields of the query, mutation or subscription itself."""
    limit_directives: int = Field(50, ge=0)
    """Directives of an operation, a fragment's counting wherever it is spread."""
    limit_price: int = Field(5000, ge=1)
    """The most that an operation may cost: its fields' costs times the sizes of their pages."""
    rate_burst: int = Field(20_000, ge=1)
    """What a viewer, or an address without one, may spend at once, in the price's units."""
    rate_per_second: float = Field(500.0, gt=0)
    """What comes back of it each second."""
    write_burst: int = Field(60, ge=1)
    """How many mutations a viewer may send at once."""
    write_per_second: float = Field(1.0, gt=0)
    """How many of them come back each second."""
    captcha: Literal["altcha", "hcaptcha", "turnstile", "none"] = "altcha"
    """What those solve who sign up or fail too often: ALTCHA's proof of work needs nobody else."""
    captcha_site_key: str | None = None
    """hCaptcha's or Turnstile's key for pages."""
    captcha_secret: SecretStr | None = None
    """hCaptcha's or Turnstile's secret."""
    captcha_verify_url: Annotated[str, AfterValidator(is_safe)] | None = None
    """Where solutions are verified, if not where hCaptcha and Turnstile say."""
    attempts: float = Field(1.0, gt=0)
    """How patient Starling is with who is wrong: a factor on the numbers in auth/attempts.py."""

    limit_sockets: int = Field(20_000, ge=1)
    """How many sockets and streams of live updates a process has."""
    limit_sockets_per_address: int = Field(1_000, ge=1)
    limit_sockets_per_user: int = Field(100, ge=1)
    limit_subscriptions: int = Field(100, ge=1)
    """How many operations a socket has at a time."""
    limit_messages_per_second: float = Field(50.0, gt=0)
    """How many messages a client may send on a socket; twice as many at once."""
    metrics_token: SecretStr | None = None
    """What Prometheus sends as its bearer to `/metrics`. Unset: none in production, and elsewhere open to all."""
    drain_seconds: float | None = Field(None, ge=0)
    """How long a process that was asked to end goes on answering, sending its sockets elsewhere meanwhile, so that load
    balancers notice. Unset: 10 in production, where there are some, and else 0."""
    live_hours: float = Field(24.0, gt=0)
    """How long events are kept for those who come back."""
    live_events: int = Field(1_000_000, ge=1)
    """How many of them are kept at most."""

    @property
    def origin(self) -> str:
        """The public URL: where people and apps reach Starling, without a slash at its end."""
        return self.public_url or "http://127.0.0.1:8000"

    @property
    def production(self) -> bool:
        """Whether development defaults are refused."""
        return self.env == "production"

    @property
    def draining(self) -> float:
        """Seconds from SIGTERM to the end of answering."""
        return self.drain_seconds if self.drain_seconds is not None else 10.0 if self.production else 0.0

    @property
    def with_demo(self) -> bool:
        """Whether an empty database gets the demo world."""
        return not self.production if self.demo is None else self.demo

    @property
    def with_worker(self) -> bool:
        """Whether the server's processes do jobs, too."""
        return not self.production if self.worker is None else self.worker

    @property
    def mail_server(self) -> mail.MailServer | None:
        """The server that e-mail is handed over to."""
        return mail.mail_server(self.smtp_url.get_secret_value()) if self.smtp_url else None

    def unsafe_defaults(self) -> list[str]:
        """What production refuses to start on: a sentence each, saying how to set it."""
        problems = []
        if not self.database_url:
            problems.append(
                "DATABASE_URL is not set: point it at a PostgreSQL ≥ 15, e.g. postgresql://user:…@host/starling."
            )
        if not self.redis_url:
            problems.append("REDIS_URL is not set: point it at a Redis ≥ 7 or Valkey, e.g. redis://host:6379.")
        if not (self.public_url or "").startswith("https://"):
            problems.append(
                "STARLING_PUBLIC_URL isn't an https origin: set where people reach it, e.g. https://starling.example."
            )
        if self.secret.get_secret_value() == DEVELOPMENT_SECRET:
            problems.append("STARLING_SECRET is the development secret: set 32 or more random characters.")
        elif len(self.secret.get_secret_value()) < 32:
            problems.append("STARLING_SECRET is too short: set 32 or more random characters.")
        if self.captcha in ("hcaptcha", "turnstile") and not (self.captcha_site_key and self.captcha_secret):
            problems.append("STARLING_CAPTCHA needs STARLING_CAPTCHA_SITE_KEY and STARLING_CAPTCHA_SECRET.")
        if not self.smtp_url:
            problems.append("STARLING_SMTP_URL is not set: people need e-mail, e.g. smtp://user:password@host:587.")
        elif self.mail_from == Settings.model_fields["mail_from"].default:
            problems.append("STARLING_MAIL_FROM is not set: say whom e-mail is from, e.g. Starling <starling@host>.")
        if self.demo:
            problems.append("STARLING_DEMO is on: the demo users' password is public; unset it.")
        return problems


@cache
def settings() -> Settings:
    """The process's settings, read once."""
    return Settings()


def provide(**urls: str) -> Settings:
    """Set what is unset, `database_url`, `redis_url` or `public_url`, for this process and those that it starts."""
    for name, url in urls.items():
        if not getattr(settings(), name):
            os.environ[name.upper() if name in _WELL_KNOWN else f"STARLING_{name.upper()}"] = url
    settings.cache_clear()
    return settings()
