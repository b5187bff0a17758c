"""Moderators act on those below them, on what they can't even see, and both sides' logs say so."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.database import Database
from core.errors import Forbidden, InvalidInput, NotFound, Suspended
from domain import comments, events, moderation, posts, sessions
from domain.device import Device
from domain.viewer import Suspension, Viewer
from models.users import Account, Role
from tests import factories
from tests.domain.conftest import Refused, Told
from tests.factories import sql

TOMORROW = datetime.now(UTC) + timedelta(days=1)
DESK = Device("192.0.2.9", "Desk/1")


@pytest.fixture
async def ada(db: Database, ada: Viewer) -> Viewer:
    await factories.make(db, Account, [{"user_id": ada.key, "email": f"{ada.key}@example.org"}])
    return ada


@pytest.fixture
async def moderator(db: Database) -> Viewer:
    return await staff(db, Role.MODERATOR)


@pytest.fixture
async def admin(db: Database) -> Viewer:
    return await staff(db, Role.ADMIN)


async def staff(db: Database, role: Role) -> Viewer:
    number = await factories.user(db)
    await factories.make(db, Account, [{"user_id": number, "email": f"{number}@example.org", "role": role}])
    return replace(factories.viewer(number), role=role)


async def log(db: Database, viewer: Viewer) -> list[tuple[str, dict]]:
    rows = await sql(db, "select kind, details from security_events where user_id = :id order by id", id=viewer.key)
    return [(row.kind, row.details) for row in rows]


async def test_a_suspension_is_told_and_put_down_for_both(
    db: Database, ada: Viewer, moderator: Viewer, told: Told
) -> None:
    async with told() as happened:
        await moderation.suspend(db, moderator, ada.key, reason=" Spam. ", until=TOMORROW, device=DESK)
    assert happened == [events.AccountChanged(ada.key)]
    why = {"reason": "Spam.", "until": TOMORROW.isoformat()}
    assert await log(db, ada) == [("SUSPENDED", why)]
    assert await log(db, moderator) == [
        ("MODERATED", {"action": "suspended", "target": f"user_{ada.key}", **why}),
    ]
    [row] = await sql(db, "select address from security_events where user_id = :id", id=ada.key)
    assert row.address is None, "where the moderator sits is nobody's business"


async def test_nobody_who_is_suspended_is_let_in_until_it_is_over(db: Database, ada: Viewer, moderator: Viewer) -> None:
    async with db.write() as tx:
        opened = await sessions.begin(tx, sessions.Known(ada.key))
    await moderation.suspend(db, moderator, ada.key, reason="Spam.", until=TOMORROW)
    with pytest.raises(Suspended, match=r"Spam\.") as refusal:
        async with db.write() as tx:
            await sessions.begin(tx, sessions.Known(ada.key))
    assert (refusal.value.reason, refusal.value.until) == ("Spam.", TOMORROW)
    with pytest.raises(Suspended):
        await sessions.rotate(db, opened.refresh_token)
    past = "update accounts set suspended_until = now() - interval '1 second' where user_id = :id"
    await sql(db, past, id=ada.key)
    assert (await sessions.rotate(db, opened.refresh_token)).user_id == ada.key


def test_a_suspension_that_was_read_earlier_is_over_when_its_end_has_come() -> None:
    now = datetime.now(UTC)
    ends = {None: True, now + timedelta(hours=1): True, now: False}
    assert {end: Viewer(1, 1, suspension=Suspension("Spam.", end)).is_suspended for end in ends} == ends
    assert not Viewer(1, 1).is_suspended


async def test_who_is_reinstated_is_let_in(db: Database, ada: Viewer, moderator: Viewer, told: Told) -> None:
    await moderation.suspend(db, moderator, ada.key, reason="Spam.", until=None)
    async with told() as happened:
        await moderation.reinstate(db, moderator, ada.key)
    assert happened == [events.AccountChanged(ada.key)]
    async with db.write() as tx:
        await sessions.begin(tx, sessions.Known(ada.key))
    assert [kind for kind, _ in await log(db, ada)] == ["SUSPENDED", "REINSTATED"]


async def test_one_moderates_only_those_with_less_of_a_role(
    db: Database, ada: Viewer, moderator: Viewer, admin: Viewer, refused: Refused
) -> None:
    another = await staff(db, Role.MODERATOR)
    for who, whom in [(ada, moderator), (moderator, another), (moderator, admin), (moderator, moderator)]:
        async with refused(Forbidden):
            await moderation.suspend(db, who, whom.key, reason="No.", until=None)
        async with refused(Forbidden):
            await moderation.reinstate(db, who, whom.key)
    await moderation.suspend(db, admin, another.key, reason="Misuse.", until=None)


async def test_what_cannot_be_is_refused(db: Database, ada: Viewer, moderator: Viewer, refused: Refused) -> None:
    async with refused(NotFound):
        await moderation.suspend(db, moderator, 1, reason="Spam.", until=None)
    for reason in ("", " ", "x" * 501):
        async with refused(InvalidInput, "input", "reason"):
            await moderation.suspend(db, moderator, ada.key, reason=reason, until=None)
    for until in (datetime.now(UTC), TOMORROW.replace(tzinfo=None)):
        async with refused(InvalidInput, "input", "until"):
            await moderation.suspend(db, moderator, ada.key, reason="Spam.", until=until)


async def test_admins_give_roles_and_nobody_else_nor_to_themselves(
    db: Database, ada: Viewer, moderator: Viewer, admin: Viewer, refused: Refused, told: Told
) -> None:
    for who, whom in [(ada, ada), (moderator, ada), (moderator, moderator), (admin, admin)]:
        async with refused(Forbidden):
            await moderation.set_role(db, who, whom.key, Role.ADMIN)
    async with told() as happened:
        await moderation.set_role(db, admin, ada.key, Role.MODERATOR)
    assert happened == [events.AccountChanged(ada.key)]
    assert await log(db, ada) == [("ROLE_CHANGED", {"role": "MODERATOR"})]
    assert [kind for kind, _ in await log(db, admin)] == ["MODERATED"]


async def test_a_moderator_deletes_what_a_block_hides(
    db: Database, ada: Viewer, ben: Viewer, moderator: Viewer
) -> None:
    post = await factories.post(db, ada.key, visibility="FOLLOWERS")
    comment = await factories.comment(db, post, ada.key)
    await factories.block(db, [ada.key], [moderator.key, ben.key])
    with pytest.raises(NotFound):
        await posts.remove(db, ben, post)
    assert await comments.remove(db, moderator, comment, DESK) == comment
    assert await posts.remove(db, moderator, post, DESK) == post
    assert await sql(db, "select 1 from posts where id = :id", id=post) == []
    assert await log(db, ada) == [
        ("CONTENT_REMOVED", {"target": f"comment_{comment}"}),
        ("CONTENT_REMOVED", {"target": f"post_{post}"}),
    ]
    assert await log(db, moderator) == [
        ("MODERATED", {"action": "deleted", "target": f"comment_{comment}"}),
        ("MODERATED", {"action": "deleted", "target": f"post_{post}"}),
    ]
    for remove in (posts.remove, comments.remove):
        with pytest.raises(NotFound):
            await remove(db, moderator, post)


async def test_what_moderators_delete_of_their_own_is_nobody_elses_business(db: Database, moderator: Viewer) -> None:
    post = await factories.post(db, moderator.key)
    comment = await factories.comment(db, post, moderator.key)
    await comments.remove(db, moderator, comment)
    await posts.remove(db, moderator, post)
    assert await log(db, moderator) == []


async def test_an_app_of_a_moderators_deletes_only_what_is_theirs(
    db: Database, ada: Viewer, moderator: Viewer, refused: Refused
) -> None:
    post = await factories.post(db, ada.key)
    app = replace(moderator, scopes=frozenset({"posts:write"}))
    async with refused(Forbidden):
        await posts.remove(db, app, post)
