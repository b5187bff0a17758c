"""The development server's mailbox."""

import pytest

from core.database import Database
from core.settings import Settings
from domain import letters
from tests.api import Api, Work
from transport.pages import mailbox


async def test_without_a_mail_server_letters_are_read_at_dev_mail(api: Api, db: Database, work: Work):
    async with db.write() as tx:
        for link in ("https://starling.example/first", "https://starling.example/second"):
            await letters.send(tx, "verify_email", to="box@example.org", handle="<i>ada", link=link)
    await work()

    listed = await api.http.get("/dev/mail")
    assert listed.status_code == 200
    assert listed.text.count("box@example.org") == 2
    newest = listed.text.split('<li>\n<a href="')[1].split('"')[0]
    page = await api.http.get(newest)
    assert "https://starling.example/second" in page.text
    assert "https://starling.example/first" not in page.text
    assert "<iframe" in page.text
    assert "sandbox=" in page.text
    assert "&amp;lt;i&amp;gt;ada" in page.text, "escaped in the letter, and the letter in its frame"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert (await api.http.get("/dev/mail/1")).status_code == 404


@pytest.mark.parametrize("settings", [{"env": "production"}, {"smtp_url": "smtp://mail.example"}])
def test_there_is_none_in_production_nor_beside_a_mail_server(settings: dict[str, str]):
    assert mailbox.routes(None, Settings(**settings)) == []
    assert mailbox.routes(None, Settings())
