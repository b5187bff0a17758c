"""Letters as e-mails: plain text and HTML of the same words, from one template each."""

import re
from collections.abc import Callable
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from pathlib import Path
from textwrap import fill
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from domain.letters import Opened

TEMPLATES = Path(__file__).parent / "templates"


class Rendered(NamedTuple):
    """What a letter says."""

    subject: str
    text: str
    html: str


def rendered(letter: Opened) -> Rendered:
    """The letter's words. Raises jinja2.UndefinedError where a value is missing."""
    text, html = (
        each.get_template(f"{letter.template}.jinja").render(letter.values, layout=f"layout.{kind}.jinja")
        for kind, each in (("text", _TEXT), ("html", _HTML))
    )
    subject, _, text = text.partition("\n")
    return Rendered(subject, re.sub(r"\n{3,}", "\n\n", text).strip() + "\n", html)


def message(letter: Opened, sender: str) -> EmailMessage:
    """The letter as an e-mail, the same whenever it is made: a server that got it twice may know it by its id."""
    name, address = parseaddr(sender)
    made, domain = EmailMessage(policy=SMTP), address.rpartition("@")[2]
    subject, text, html = rendered(letter)
    made["Subject"] = subject
    made["From"] = Address(name, addr_spec=address)
    user, _, host = letter.to.rpartition("@")
    made["To"] = Address(username=user, domain=host)
    made["Date"] = format_datetime(letter.created_at)
    made["Message-ID"] = f"<letter.{letter.id}@{domain}>"
    made["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's out-of-office note comes back
    made.set_content(text)
    made.add_alternative(html, subtype="html")
    return made


def _wrapped(text: str) -> str:
    """Paragraphs in lines that terminals and old mail programs show whole."""
    return "\n\n".join(map(fill, _parts(text)))


def _marked(text: str) -> Markup:
    """Paragraphs of HTML, whose values are escaped already."""
    return Markup("\n").join(Markup(f"<p>{part}</p>") for part in _parts(text))  # noqa: S704


def _parts(text: str) -> list[str]:
    return [part for part in map(str.strip, re.split(r"\n\s*\n", str(text))) if part]


def _environment(paragraphs: Callable[[str], str], *, escapes: bool) -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=escapes,  # noqa: S701 - text is escaped for nobody
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["paragraphs"] = paragraphs
    return made


_TEXT = _environment(_wrapped, escapes=False)
_HTML = _environment(_marked, escapes=True)
