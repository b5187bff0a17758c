"""The device flow, RFC 8628."""

import asyncio

import pytest
from sqlalchemy import update

from auth.oauth import device
from core.database import Database
from core.limits import Limiter
from domain.registration import DEVICE_CODE
from models.apps import DeviceCode
from tests.api import Api, Person
from tests.auth.oauth.client import HERE, App, in_front
from tests.auth.test_resets import reset

AT_ONCE = update(DeviceCode).values(interval=0)


@pytest.fixture
async def tv(db: Database, api: Api) -> App:
    return await App.make(db, api.http, auth_method="none", grant_types=[DEVICE_CODE, "refresh_token"])


async def begun(tv: App, db: Database, scope: str = "openid posts:read offline_access") -> dict:
    codes = (await tv.post("/oauth/device_authorization", scope=scope)).json()
    async with db.write() as tx:
        tx.later(AT_ONCE)
    return codes


async def ask(tv: App, codes: dict) -> dict:
    return (await tv.post("/oauth/token", grant_type=DEVICE_CODE, device_code=codes["device_code"])).json()


async def test_a_device_gets_tokens_when_somebody_lets_it_in(tv: App, db: Database, limiter: Limiter, ada: Person):
    codes = await begun(tv, db)
    assert codes["verification_uri_complete"].endswith(codes["user_code"])
    assert (await ask(tv, codes))["error"] == "authorization_pending"
    typed = codes["user_code"].lower().replace("-", " ")
    asked = await device.look_up(db, limiter, typed, in_front(ada), HERE)
    assert asked
    assert list(asked.scopes) == ["openid", "offline_access", "posts:read"]
    assert await device.approve(db, limiter, typed, in_front(ada), HERE, scopes=["openid", "offline_access"])
    tokens = await ask(tv, codes)
    assert tokens["scope"] == "openid offline_access"
    assert tokens.keys() >= {"access_token", "refresh_token", "id_token"}
    assert (await ask(tv, codes))["error"] == "invalid_grant", "a code is good once"
    assert await device.look_up(db, limiter, typed, in_front(ada), HERE) is None


async def test_a_hundred_questions_at_once_get_one_session_or_none(
    tv: App, db: Database, limiter: Limiter, ada: Person
):
    codes = await begun(tv, db)
    assert await device.approve(db, limiter, codes["user_code"], in_front(ada), HERE)
    answers = await asyncio.gather(*(ask(tv, codes) for _ in range(100)))
    assert sum("access_token" in answer for answer in answers) == 1


async def test_a_device_that_is_kept_out_is_told(tv: App, db: Database, limiter: Limiter, ada: Person):
    codes = await begun(tv, db)
    assert await device.deny(db, limiter, codes["user_code"], in_front(ada), HERE)
    assert (await ask(tv, codes))["error"] == "access_denied"
    assert not await device.approve(db, limiter, codes["user_code"], in_front(ada), HERE)


async def test_a_hasty_device_is_slowed_down(tv: App):
    codes = (await tv.post("/oauth/device_authorization", scope="posts:read")).json()
    assert [(await ask(tv, codes))["error"] for _ in range(3)] == ["authorization_pending", "slow_down", "slow_down"]


async def test_another_apps_device_is_unknown(tv: App, db: Database, api: Api):
    other = await App.make(db, api.http, auth_method="none", grant_types=[DEVICE_CODE])
    assert (await ask(other, await begun(tv, db)))["error"] == "invalid_grant"


async def test_only_apps_that_registered_for_it_have_devices(web: App):
    assert (await web.post("/oauth/device_authorization", scope="posts:read")).json()["error"] == "unauthorized_client"


async def test_a_device_that_was_let_in_before_a_reset_gets_nothing_after_it(
    tv: App, db: Database, limiter: Limiter, api: Api
):
    ada = await api.sign_up()
    let_in, waits = await begun(tv, db), await begun(tv, db)
    assert await device.approve(db, limiter, let_in["user_code"], in_front(ada), HERE)
    await reset(db, ada)
    assert (await ask(tv, let_in))["error"] == "invalid_grant"
    assert not await device.approve(db, limiter, waits["user_code"], in_front(ada), HERE)
