"""Settings come from the environment, are checked, and production refuses what only a developer may use."""

import pytest
from pydantic import ValidationError

from core import settings as module
from core.settings import DEVELOPMENT_SECRET, Settings, provide, settings

PRODUCTION = {
    "STARLING_ENV": "production",
    "DATABASE_URL": "postgresql://starling@db.example/starling",
    "REDIS_URL": "redis://redis.example",
    "STARLING_SECRET": "0123456789abcdef0123456789abcdef",
    "STARLING_PUBLIC_URL": "https://starling.example",
    "STARLING_SMTP_URL": "smtp://starling:password@mail.example:587",
    "STARLING_MAIL_FROM": "Starling <starling@mail.example>",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch):
    """Nothing of ours is set."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"STARLING_{name.upper()}", raising=False)
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    settings.cache_clear()
    yield monkeypatch
    settings.cache_clear()


def set_all(environment: pytest.MonkeyPatch, **variables: str | None) -> Settings:
    for name, value in variables.items():
        if value is not None:
            environment.setenv(name, value)
    return Settings()


def test_without_any_variable_it_is_a_development_machine(environment):
    config = Settings()
    assert not config.production
    assert config.with_demo
    assert (config.database_url, config.redis_url) == (None, None)


def test_production_with_all_that_it_needs_is_safe(environment):
    config = set_all(environment, **PRODUCTION)
    assert config.production
    assert not config.with_demo
    assert config.unsafe_defaults() == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", None),
        ("DATABASE_URL", ""),
        ("REDIS_URL", None),
        ("STARLING_PUBLIC_URL", None),
        ("STARLING_PUBLIC_URL", "http://starling.example"),
        ("STARLING_SECRET", None),
        ("STARLING_SECRET", DEVELOPMENT_SECRET),
        ("STARLING_SECRET", "tiny1234"),
        ("STARLING_DEMO", "true"),
        ("STARLING_SMTP_URL", None),
        ("STARLING_MAIL_FROM", None),
    ],
)
def test_production_refuses_a_development_default_and_says_which(environment, name: str, value: str | None):
    [problem] = set_all(environment, **(PRODUCTION | {name: value})).unsafe_defaults()
    assert problem.startswith(name)
    assert "set" in problem or "point" in problem
    assert not value or value not in problem or value == "true"


def test_production_names_everything_that_is_wrong_at_once(environment):
    problems = set_all(environment, STARLING_ENV="production", STARLING_DEMO="1").unsafe_defaults()
    assert [problem.split()[0] for problem in problems] == [
        "DATABASE_URL",
        "REDIS_URL",
        "STARLING_PUBLIC_URL",
        "STARLING_SECRET",
        "STARLING_SMTP_URL",
        "STARLING_DEMO",
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STARLING_ENV", "staging"),
        ("STARLING_DEMO", "perhaps"),
        ("STARLING_DATABASE_POOL_SIZE", "0"),
        ("STARLING_DATABASE_POOL_TIMEOUT", "0"),
        ("STARLING_ACCESS_TOKEN_SECONDS", "-1"),
        ("STARLING_LIMIT_DEPTH", "deep"),
        ("STARLING_RATE_PER_SECOND", "0"),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_its_name(environment, name: str, value: str):
    with pytest.raises(ValidationError) as refused:
        set_all(environment, **{name: value})
    assert refused.value.errors()[0]["loc"] == (name.removeprefix("STARLING_").lower(),)


def test_the_secret_is_not_shown(environment):
    assert PRODUCTION["STARLING_SECRET"] not in repr(set_all(environment, **PRODUCTION))


def test_urls_of_engines_are_provided_where_none_are_set(environment):
    environment.setenv("REDIS_URL", "redis://mine")
    environment.setattr(module.os, "environ", dict(module.os.environ))
    provided = provide(database_url="postgresql://theirs", redis_url="redis://theirs")
    assert provided.redis_url == "redis://mine"
    assert module.os.environ["DATABASE_URL"] == "postgresql://theirs"
