"""Letters: written with what they are about or not at all, sent once, and forgotten."""

import logging
from datetime import UTC, datetime

import psycopg
import pytest
from jinja2 import UndefinedError
from sqlalchemy import literal, select

from core.database import Database
from domain import letters
from domain.letters import TEMPLATES, Opened
from jobs.rendering import TEMPLATES as FOLDER
from jobs.rendering import message, rendered
from tests.api import Work
from tests.factories import sql
from tests.mail import Post

LINK = "https://starling.example/account/verify?token=abc&x=1"


async def write(db: Database, to: str = "ada@example.org", **values: str) -> None:
    async with db.write() as tx:
        await letters.send(tx, "verify_email", to=to, **{"handle": "ada", "link": LINK, **values})


async def write_and_fail(db: Database, to: str) -> None:
    async with db.write() as tx:
        await letters.send(tx, "verify_email", to=to, handle="ada", link=LINK)
        await tx.rows(select(literal(1) / literal(0)))


async def test_a_letter_is_written_with_its_transaction_or_not_at_all(db: Database, work: Work):
    with pytest.raises(psycopg.errors.DivisionByZero):
        await write_and_fail(db, "rolled@example.org")
    assert await Post(db).to("rolled@example.org") == []
    assert await jobs(db) == 0
    await write(db, "kept@example.org")
    assert len(await Post(db).to("kept@example.org")) == 1
    assert await jobs(db) == 1
    await work()
    assert await jobs(db) == 0


async def test_what_a_letter_says_is_nowhere_to_be_read(db: Database, work: Work, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    await write(db, "secret-address@example.org", link="https://starling.example/?token=secret-token")
    kept = await sql(db, "select letters::text || (select json_agg(j)::text from procrastinate_jobs j) from letters")
    await work()
    for secret in ("secret-address", "secret-token"):
        assert secret not in str(kept)
        assert secret not in caplog.text
        assert not [record for record in caplog.records if secret in str(vars(record))]


@pytest.mark.parametrize("kind", TEMPLATES)
def test_every_letter_says_the_same_as_text_and_as_html(kind: letters.Template):
    values = {"handle": "ada", "what": "a passkey was added"} | source(kind)
    subject, text, html = rendered(Opened(1, kind, "ada@example.org", values, None))
    assert subject in html
    assert "ada" in text
    assert "ada" in html
    assert max(map(len, text.splitlines())) <= 72 or LINK in text
    for remote in ("<img", "src=", "url(", "@import", "<script", "<link"):
        assert remote not in html
    if "link" in values:
        assert LINK in text.splitlines()
        assert f'href="{LINK.replace("&", "&amp;")}"' in html


def source(template: str) -> dict[str, str]:
    return {"link": LINK} if "action" in (FOLDER / f"{template}.jinja").read_text("utf-8") else {}


def test_there_is_a_template_for_each_and_no_other():
    found = {path.name.removesuffix(".jinja") for path in FOLDER.iterdir()}
    assert found == {*TEMPLATES, "layout.text", "layout.html"}


def test_what_people_write_is_text_in_html():
    html = rendered(Opened(1, "security_notice", "a@b.de", {"handle": "ada", "what": "<b>x</b>"}, None)).html
    assert "<b>x" not in html


def test_a_value_that_is_missing_is_an_error_and_not_a_gap():
    with pytest.raises(UndefinedError):
        rendered(Opened(1, "verify_email", "a@b.de", {}, None))


def test_headers_cannot_be_smuggled_in():
    letter = Opened(1, "password_changed", 'a"\r\nBcc: x@y.z,<b@c.de', {"handle": "ada"}, datetime.now(UTC))
    with pytest.raises(ValueError, match=r"linefeed|CR|newline|domain"):
        message(letter, "Starling <no-reply@starling.example>").as_bytes()


async def jobs(db: Database) -> int:
    [[count]] = await sql(db, "select count(*) from procrastinate_jobs where task_name = 'letters:send'")
    return count
