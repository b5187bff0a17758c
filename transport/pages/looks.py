"""How pages look, and what browsers may do with them: no script, no frame, no other site, nothing kept."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Mount, Route

from core.ids import encode

Endpoint = Callable[[Request], Awaitable[Response]]

HERE = Path(__file__).parent
ASSETS = {"style.css": HERE / "style.css", "starling.svg": HERE.parent.parent / "explorer/src/starling.svg"}
POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; {}"
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY.format("frame-ancestors 'none'"),
    "Referrer-Policy": "same-origin",  # with none at all, browsers say `Origin: null` of our own forms
}

_templates = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.globals["encode"] = encode


def page(template: str, status: int = 200, **values: Any) -> Response:
    """A page of a template with these values."""
    return HTMLResponse(_templates.get_template(template).render(values), status, HEADERS)


def allow_forms_to(response: Response, source: str) -> None:
    """Let the page's forms lead to another site as well."""
    name = "Content-Security-Policy"
    response.headers[name] = response.headers[name].replace("form-action 'self'", f"form-action 'self' {source}")


def routes() -> list[Mount]:
    """The style sheet and the logo."""

    def served(path: Path) -> Endpoint:
        async def asset(_: Request) -> Response:
            return FileResponse(path, headers={"Cache-Control": "no-cache"})

        return asset

    return [Mount("/pages", routes=[Route(f"/{name}", served(path)) for name, path in ASSETS.items()])]
