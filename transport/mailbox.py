"""The mailbox of a development server that has no mail server: everything that it would have sent, to be read."""

from jinja2 import Environment
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from core.database import Database
from core.settings import Settings
from domain import letters
from jobs.rendering import rendered

PATH = "/dev/mail"
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""Of the letter's own words, too: what a page frames by `srcdoc` comes under the page's policy."""

_PAGE = Environment(autoescape=True).from_string("""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{{ letter.subject if letter else "Mailbox" }} – Starling</title>
<style>
:root { color-scheme: light dark }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; font: 16px/1.5 system-ui, sans-serif }
table { width: 100%; border-collapse: collapse }
td, th { padding: .4rem .6rem; border-bottom: 1px solid #8886; text-align: left }
pre { overflow-x: auto; padding: 1rem; border: 1px solid #8886; border-radius: 8px }
iframe { width: 100%; height: 34rem; border: 1px solid #8886; border-radius: 8px }
</style>
{% if letter %}
<p><a href="{{ path }}">All letters</a></p>
<h1>{{ letter.subject }}</h1>
<p>To {{ letter.to }}, {{ letter.at }}</p>
<iframe title="As HTML" sandbox="allow-popups allow-popups-to-escape-sandbox" srcdoc="{{ letter.html }}"></iframe>
<h2>As text</h2>
<pre>{{ letter.text }}</pre>
{% else %}
<h1>Mailbox</h1>
<p>Without <code>STARLING_SMTP_URL</code>, e-mail stays here. Reload to see what is new.</p>
<table>
<tr><th>Subject<th>To<th>Written</tr>
{% for each in letters %}
<tr><td><a href="{{ path }}/{{ each.id }}">{{ each.subject }}</a><td>{{ each.to }}<td>{{ each.at }}</tr>
{% else %}
<tr><td colspan="3">Nothing yet.</tr>
{% endfor %}
</table>
{% endif %}
</html>
""")


def routes(db: Database, config: Settings) -> list[Route]:
    """The list and the letters, where e-mail isn't sent; never in production."""

    async def everything(_: Request) -> Response:
        return _page(letters=list(map(_shown, await letters.kept(db))))

    async def one(request: Request) -> Response:
        found = await letters.kept_one(db, request.path_params["id"])
        if found is None:
            raise HTTPException(404)
        return _page(letter=_shown(found))

    if config.production or config.smtp_url:
        return []
    return [Route(PATH, everything), Route(PATH + "/{id:int}", one)]


def _shown(letter: letters.Opened) -> dict[str, object]:
    at = letter.created_at.strftime("%d %b %Y %H:%M:%S UTC")
    return {"id": letter.id, "to": letter.to, "at": at, **rendered(letter)._asdict()}


def _page(**values: object) -> Response:
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"}
    return HTMLResponse(_PAGE.render(path=PATH, **values), headers=headers)
