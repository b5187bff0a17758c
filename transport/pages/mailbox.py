"""The mailbox of a development server that has no mail server: everything that it would have sent, to be read."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.settings import Settings
from domain import letters
from jobs.rendering import rendered
from loaders.context import Services
from transport.pages.looks import page

PATH = "/dev/mail"
STYLED = {"style-src": "'unsafe-inline'"}
"""As letters are: what a page frames by `srcdoc` comes under the page's policy."""


def routes(services: Services, config: Settings) -> list[Route]:
    """The list and the letters, where e-mail isn't sent; never in production."""

    async def everything(_: Request) -> Response:
        return page("mailbox.html", path=PATH, letters=list(map(_shown, await letters.kept(services.db))))

    async def one(request: Request) -> Response:
        found = await letters.kept_one(services.db, request.path_params["id"])
        if found is None:
            raise HTTPException(404)
        return page("letter.html", admits=STYLED, path=PATH, letter=_shown(found))

    if config.production or config.smtp_url:
        return []
    return [Route(PATH, everything), Route(PATH + "/{id:int}", one)]


def _shown(letter: letters.Opened) -> dict[str, object]:
    return {"id": letter.id, "to": letter.to, "created_at": letter.created_at, **rendered(letter)._asdict()}
