"""With PostgreSQL or Redis away, clients are told so in a moment, and all is well again within two seconds."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import psycopg
import pytest
from httpx2 import Response

from auth.keys import ring
from core.deadlines import Deadline
from core.settings import settings
from tests.api import PASSWORD, Api, Person, Rows
from tests.waiting import in_time, until
from tests.wire import Wire

pytestmark = pytest.mark.xdist_group("outages")

PASSWORDS = {"currentPassword": "x", "newPassword": "x"}
RECOVERY = 2.0
"""Seconds after which all must be well again."""
AT_ONCE = 1.0
"""Seconds that a refusal may take."""


@dataclass(frozen=True)
class Fragile:
    """An application whose servers can be taken away."""

    api: Api
    postgres: Wire
    redis: Wire
    ada: Person
    post: str

    async def everything(self) -> list[Response]:
        """Reads, changes, a search, a sign-in, a refresh, and what people do to their accounts."""
        changes = "mutation ($input: {0}Input!) {{ {1}(input: $input) {{ __typename }} }}".format
        return [
            await self.api.post("{ latest { nodes { id author { handle } } } }"),
            await self.api.post("{ feed { nodes { id } } viewer { handle } }", viewer=self.ada),
            await self.api.post('{ search(text: "hello") { nodes { __typename } } }'),
            await self.api.post(changes("CreatePost", "createPost"), {"input": {"body": "Hello."}}, self.ada),
            await self.api.post(changes("LikePost", "likePost"), {"input": {"postId": self.post}}, self.ada),
            await self.api.post(changes("SignIn", "signIn"), {"input": {"login": "ada", "password": PASSWORD}}),
            await self.api.post(
                changes("RequestPasswordReset", "requestPasswordReset"), {"input": {"email": "a@b.de"}}
            ),
            await self.api.post(changes("ResetPassword", "resetPassword"), {"input": {"token": "x", "password": "x"}}),
            await self.api.post(changes("VerifyEmail", "verifyEmail"), {"input": {"token": "x"}}),
            await self.api.post(changes("ChangePassword", "changePassword"), {"input": PASSWORDS}, self.ada),
            await self.api.post(changes("RefreshSession", "refreshSession"), {"input": {"refreshToken": "x"}}),
        ]


@asynccontextmanager
async def started(database_url: str, redis_url: str, **more: str) -> AsyncIterator[Api]:
    """An application beside the tests' usual one, with other settings."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"DATABASE_URL": database_url, "REDIS_URL": redis_url, **more}.items():
            patch.setenv(name, value)
        patch.setenv("STARLING_BUILD_EXPLORER", "false")
        patch.setenv("STARLING_WORKER", "false")
        patch.delenv("STARLING_DATABASE_POOL_TIMEOUT", raising=False)  # the promise is about the default
        settings.cache_clear()
        from server import create_app

        application = create_app()
    settings.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ring, "_pairs", ring._pairs)  # this one's database may have other keys than the usual one's
        async with application.router.lifespan_context(application), Api.of(application) as api:
            yield api


@pytest.fixture(scope="module")
async def fragile(app, database_url: str, redis_url: str) -> AsyncIterator[Fragile]:
    async with (
        Wire.to(database_url) as postgres,
        Wire.to(redis_url) as redis,
        started(postgres.url, redis.url) as api,
    ):
        ada = await api.sign_up()
        yield Fragile(api, postgres, redis, ada, await api.create_post(ada))


@pytest.fixture(autouse=True)
async def mended(fragile: Fragile) -> AsyncIterator[None]:
    """Whatever a test cuts, the next one finds whole."""
    yield
    for wire in (fragile.postgres, fragile.redis):
        await wire.cut()
        await wire.mend()
    await until(lambda: all_ok(fragile), RECOVERY)


async def all_ok(fragile: Fragile) -> bool:
    ready = await fragile.api.http.get("/readyz")
    return ready.json() == {"status": "ok", "database": "ok", "redis": "ok"}


async def timed(request: Awaitable[Response]) -> tuple[Response, float]:
    started = time.monotonic()
    return await request, time.monotonic() - started


def check_unavailable(response: Response) -> None:
    """A 503 with a reason that names no secrets."""
    assert response.status_code == 503, response.text
    assert response.headers["retry-after"] == "1"
    for error in response.json()["errors"]:
        assert error["extensions"] == {"code": "UNAVAILABLE"}
        assert error["message"].endswith("is not available right now: try again in a second.")


def secrets(*urls: str) -> list[str]:
    """What of these URLs, and of the code, is nobody's business."""
    parts = [urlsplit(url) for url in urls]
    places = [str(part.port) for part in parts] + [part.path.strip("/") for part in parts if len(part.path) > 3]
    people = [each for part in parts for each in (part.username, part.password) if each]
    return [*places, *people, "127.0.0.1", "postgres", "psycopg", "sqlalchemy", "redis", "Traceback", ".py"]


async def test_without_postgresql_everything_is_refused_at_once_and_names_no_secrets(
    fragile: Fragile, rows: Rows, caplog: pytest.LogCaptureFixture
):
    before = await rows()
    await fragile.postgres.cut()
    started = time.monotonic()
    answers = await fragile.everything()
    assert in_time(time.monotonic() - started, AT_ONCE * len(answers))
    for answer in answers:
        check_unavailable(answer)
        assert [secret for secret in secrets(fragile.postgres.url) if secret in answer.text] == []
    assert await rows() == before
    logged = [record for record in caplog.records if record.exc_info or record.levelno >= logging.ERROR]
    assert [record.getMessage() for record in logged if record.name.startswith("starling")] == []
    password = urlsplit(fragile.postgres.url).password
    assert not password or password not in caplog.text


async def test_apps_are_told_that_the_database_is_away(fragile: Fragile):
    post = fragile.api.http.post
    await fragile.postgres.cut()
    answers = [
        await post("/oauth/token", data={"grant_type": "client_credentials"}, auth=("app_1", "x")),
        await post("/oauth/revoke", data={"token": "x"}, auth=("app_1", "x")),
        await post("/oauth/register", json={"redirect_uris": ["https://app.example/"]}),
    ]
    await fragile.postgres.mend()
    assert [(each.status_code, each.json()["error"]) for each in answers] == [(503, "temporarily_unavailable")] * 3
    assert {each.headers["retry-after"] for each in answers} == {"1"}


async def test_it_recovers_from_a_cut_by_itself(fragile: Fragile):
    await fragile.postgres.cut()
    await fragile.everything()
    await fragile.postgres.mend()

    async def well() -> bool:
        return {answer.status_code for answer in await fragile.everything()} == {200}

    await until(well, RECOVERY)


async def test_health_tells_a_process_that_lives_from_one_that_can_serve(fragile: Fragile):
    get = fragile.api.http.get
    await fragile.postgres.cut()
    assert (await get("/healthz")).json() == {"status": "ok"}
    ready = await get("/readyz")
    assert ready.status_code == 503
    assert ready.json() == {"status": "away", "database": "away", "redis": "ok"}
    await fragile.postgres.mend()
    await until(lambda: all_ok(fragile), RECOVERY)


@pytest.mark.parametrize("way", ["cut", "silent"])
async def test_without_redis_all_goes_on(fragile: Fragile, way: str, caplog: pytest.LogCaptureFixture):
    if way == "cut":
        await fragile.redis.cut()
    else:
        fragile.redis.silence()
    started = time.monotonic()
    for _ in range(3):
        assert [answer.status_code for answer in await fragile.everything()] == [200] * 11
    assert in_time(time.monotonic() - started, 3 * 7 * 0.5), "one request waits, and the others don't"
    ready, seconds = await timed(fragile.api.http.get("/readyz"))
    assert ready.status_code == 200
    assert ready.json() == {"status": "ok", "database": "ok", "redis": "away"}
    assert in_time(seconds, AT_ONCE)
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR], caplog.text
    if way == "cut":
        await fragile.redis.mend()
    else:
        await fragile.redis.jolt()
    await until(lambda: all_ok(fragile), RECOVERY)


async def test_connections_that_died_while_idle_do_not_surface(fragile: Fragile):
    async def many() -> list[Response]:
        return [each for some in await asyncio.gather(*(fragile.everything() for _ in range(3))) for each in some]

    assert {answer.status_code for answer in await many()} == {200}
    for _ in range(3):
        await fragile.postgres.jolt()
        await fragile.redis.jolt()
        assert [answer.text for answer in await many() if answer.status_code != 200] == []


async def test_a_database_that_falls_silent_is_given_up_by_the_deadline(
    fragile: Fragile, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Deadline, "begin", Deadline(0.3).begin)
    await fragile.everything()
    fragile.postgres.silence()
    answers = await asyncio.gather(*(timed(fragile.api.post("{ latest { nodes { id } } }")) for _ in range(3)))
    for answer, seconds in answers:
        check_unavailable(answer)
        assert in_time(seconds, AT_ONCE)
    ready, seconds = await timed(fragile.api.http.get("/readyz"))
    assert (ready.status_code, ready.json()["database"]) == (503, "away")
    assert in_time(seconds, AT_ONCE)
    await fragile.postgres.jolt()
    await until(lambda: all_ok(fragile), RECOVERY)
    check = await fragile.api.post("{ latest { nodes { id } } }")
    assert check.status_code == 200


@pytest.mark.parametrize("lock", ["posts", "users"])
async def test_an_exhausted_pool_is_said_within_a_moment(app, database_url: str, redis_url: str, lock: str):
    one = {"STARLING_DATABASE_POOL_SIZE": "1"}
    post = "mutation ($input: CreatePostInput!) { createPost(input: $input) { __typename } }"
    async with started(database_url, redis_url, **one) as api:
        ada = await api.sign_up()
        await api("{ __typename }", ada)  # the token is known, and needs no read
        async with await psycopg.AsyncConnection.connect(database_url) as blocker:
            await blocker.execute(psycopg.sql.SQL("lock table {}").format(psycopg.sql.Identifier(lock)))
            slow = [
                asyncio.create_task(api.post("{ latest { nodes { id author { id } } } }")),
                asyncio.create_task(api.post(post, {"input": {"body": "Hello."}}, ada)),
            ]
            await asyncio.sleep(0.1)
            refused = await asyncio.gather(
                *(timed(api.post('{ user(handle: "ada") { id } }')) for _ in range(3)),
                timed(api.post(post, {"input": {"body": "Hello."}}, ada)),
            )
            await blocker.rollback()
        for answer, seconds in refused:
            check_unavailable(answer)
            assert seconds > 0.2
            assert in_time(seconds, AT_ONCE)
        assert [(await answer).status_code for answer in slow] == [200, 200]
        assert (await api.post('{ user(handle: "ada") { id } }')).status_code == 200
