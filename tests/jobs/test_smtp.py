"""E-mail reaches a real mail server, with the headers that it ought to have, and never unprotected by accident."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import quote

import pytest

from core.database import Database
from core.mail import mail_server as named
from domain import letters
from jobs import smtp
from jobs.rendering import message
from jobs.smtp import NotNow, Undeliverable, hand_over
from tests.api import Work
from tests.factories import sql
from tests.smtp import SECRET, USER, Mailbox, certificate, mail_server

WAITING = """select attempts, extract(epoch from scheduled_at - now())::int from procrastinate_jobs
    where task_name = 'letters:send'"""
SENDER = "Starling <no-reply@starling.example>"


def letter(to: str = "ada@example.org") -> letters.Opened:
    values = {"handle": "ada", "link": "https://starling.example/?token=x"}
    return letters.Opened(7301, "verify_email", to, values, datetime.now(UTC))


async def send(mailbox: Mailbox, scheme: str, user: str = "", to: str = "ada@example.org") -> None:
    await hand_over(named(f"{scheme}://{user}127.0.0.1:{mailbox.port}"), message(letter(to), SENDER))


async def test_a_message_has_both_forms_and_the_headers_of_a_machine(db: Database):
    async with mail_server() as mailbox:
        await send(mailbox, "smtp+plain")
    [arrived] = mailbox.arrived
    assert mailbox.recipients == ["ada@example.org"]
    assert arrived["From"] == SENDER
    assert arrived["To"] == "ada@example.org"
    assert arrived["Subject"] == "Confirm your e-mail address"
    assert arrived["Message-ID"] == "<letter.7301@starling.example>"
    assert arrived["Auto-Submitted"] == "auto-generated"
    assert abs(parsedate_to_datetime(arrived["Date"]) - datetime.now(UTC)) < timedelta(minutes=1)
    assert [part.get_content_type() for part in arrived.iter_parts()] == ["text/plain", "text/html"]
    for part in arrived.iter_parts():
        assert "https://starling.example/?token=x" in part.get_content()


async def test_the_way_to_the_server_is_kept_secret_and_the_server_known(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(smtp, "PATIENCE", 2)
    vouched, context = certificate(tmp_path)
    user = f"{USER}:{quote(SECRET, safe='')}@"
    async with mail_server(tls=context) as mailbox:
        with pytest.raises(NotNow):  # anybody's certificate
            await send(mailbox, "smtp", user)
        with pytest.raises(NotNow):  # it wants TLS
            await send(mailbox, "smtp+plain", user)
        monkeypatch.setenv("SSL_CERT_FILE", str(vouched))
        with pytest.raises(NotNow):
            await send(mailbox, "smtp", f"{USER}:wrong@")
        assert mailbox.arrived == []
        await send(mailbox, "smtp", user)
        assert len(mailbox.arrived) == 1


async def test_a_server_without_tls_gets_nothing_unless_it_may(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(smtp, "PATIENCE", 1)
    async with mail_server() as mailbox:
        for scheme in ("smtp", "smtps"):
            with pytest.raises(NotNow):
                await send(mailbox, scheme)
        assert mailbox.arrived == []


@pytest.mark.parametrize(
    ("answer", "error"), [("451 Later", NotNow), ("550 No such user: ada@example.org", Undeliverable)]
)
async def test_a_refusal_is_for_good_or_for_now_and_tells_no_address(answer: str, error: type[Exception]):
    async with mail_server() as mailbox:
        mailbox.answer = answer
        with pytest.raises(error) as caught:
            await send(mailbox, "smtp+plain")
    assert "ada" not in str(caught.value)
    assert caught.value.__suppress_context__


async def test_odd_addresses_arrive_as_they_are():
    async with mail_server() as mailbox:
        await send(mailbox, "smtp+plain", to="a,b@example.org")
    assert mailbox.recipients == ['"a,b"@example.org']


async def test_what_was_handed_over_is_forgotten_and_never_sent_again(db: Database, work: Work):
    async with mail_server() as mailbox:
        url = f"smtp+plain://127.0.0.1:{mailbox.port}"
        async with db.write() as tx:
            await letters.send(tx, "password_changed", to="once@example.org", handle="ada")
        await work(smtp_url=url)
        assert mailbox.recipients == ["once@example.org"]
        [[number, sealed]] = await sql(db, "select id, sealed from letters order by id desc limit 1")
        assert sealed is None
        async with db.write() as tx:
            letters.jobs.defer(tx, letters.SEND, letter_id=number)
        await work(smtp_url=url)
        assert len(mailbox.arrived) == 1


async def test_what_cannot_be_handed_over_is_tried_again_later(db: Database, work: Work):
    async with mail_server() as mailbox:
        url = f"smtp+plain://127.0.0.1:{mailbox.port}"
        mailbox.answer = "451 Later"
        async with db.write() as tx:
            await letters.send(tx, "password_changed", to="later@example.org", handle="ada")
        await work(smtp_url=url)
        [[attempts, wait]] = await sql(db, WAITING)
        assert attempts == 1
        assert 0 < wait <= 3
        mailbox.answer = "250 Taken"
        await sql(db, "update procrastinate_jobs set scheduled_at = now()")
        await work(smtp_url=url)
        assert mailbox.recipients == ["later@example.org"]


async def test_what_is_refused_for_good_is_given_up(db: Database, work: Work):
    async with mail_server() as mailbox:
        mailbox.answer = "550 Never"
        async with db.write() as tx:
            await letters.send(tx, "password_changed", to="never@example.org", handle="ada")
        await work(smtp_url=f"smtp+plain://127.0.0.1:{mailbox.port}")
    assert await sql(db, WAITING) == []
