"""How pages look, and what browsers may do with them: no script but ours, no frame, no other site, nothing kept."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Mount, Route

from core.ids import encode

Endpoint = Callable[[Request], Awaitable[Response]]

HERE = Path(__file__).parent
ASSETS = {
    "style.css": HERE / "style.css",
    "starling.svg": HERE.parent.parent / "explorer/src/starling.svg",
    **{script.name: script for script in (HERE / "scripts").glob("*.js")},
}
POLICY = {
    "default-src": "'none'",
    "style-src": "'self'",
    "img-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
SCRIPTED = {"script-src": "'self'", "connect-src": "'self'"}
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",  # with none at all, browsers say `Origin: null` of our own forms
}

_templates = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.globals["encode"] = encode


def page(
    template: str,
    status: int = 200,
    *,
    scripts: Sequence[str] = (),
    admits: Mapping[str, str] | None = None,
    **values: Any,
) -> Response:
    """A page of a template with these values, and these scripts of ours. Its policy `admits` more by directive."""
    shown = _templates.get_template(template).render(values, scripts=scripts)
    return HTMLResponse(shown, status, HEADERS | {"Content-Security-Policy": _policy(scripts, admits or {})})


def _policy(scripts: Sequence[str], admits: Mapping[str, str]) -> str:
    policy = POLICY | (SCRIPTED if scripts else {})
    for directive, sources in admits.items():
        policy[directive] = f"{policy.get(directive, '')} {sources}".strip()
    return "; ".join(f"{directive} {sources}" for directive, sources in policy.items())


def routes() -> list[Mount]:
    """The style sheet, the logo, and the scripts."""

    def served(path: Path) -> Endpoint:
        async def asset(_: Request) -> Response:
            return FileResponse(path, headers={"Cache-Control": "no-cache"})

        return asset

    return [Mount("/pages", routes=[Route(f"/{name}", served(path)) for name, path in ASSETS.items()])]
