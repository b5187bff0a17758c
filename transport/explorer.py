"""The explorer: GraphiQL for people, at the endpoint's own address.

Its sources stand in `explorer/`. A development server builds them once per change, in the background; a
production image brings `explorer/dist` along. Where neither is possible, the page loads GraphiQL from a CDN
instead, versions and contents pinned. Whatever goes wrong here costs a log line and never the server.
"""

import base64
import hashlib
import json
import logging
import os
import re
import threading
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from transport.explorer_build import Build

SOURCES = Path(__file__).resolve().parent.parent / "explorer"
POLICY = "default-src 'none'; {}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

logger = logging.getLogger("starling.explorer")


class Explorer:
    """The page, the files it loads, and their preparation.

    `demo` fills the demo world's user in at the sign-in. `may_build` is for development.
    """

    def __init__(self, sources: Path = SOURCES, *, demo: bool = False, may_build: bool = False) -> None:
        self._sources = sources
        self._demo = demo
        self._may_build = may_build
        self._build = Build(sources)
        self._page = self._finished_page()
        assets = Assets(directory=self._build.site / "assets", check_dir=False)
        self.routes: list[BaseRoute] = [Mount("/explorer/assets", assets)]

    async def page(self, request: Request) -> Response:
        """What a browser gets when it opens the endpoint."""
        return self._page.response()

    def prepare(self) -> None:
        """Make the page ready: at once where it is built, in the background where it can be. Never raises."""
        if self._may_build and not self._build.is_fresh() and self._build.is_possible():
            self._page = building_page(self._sources)
            threading.Thread(target=self._build_and_switch, name="explorer-build", daemon=True).start()
            return
        self._page = self._finished_page()
        if self._page.from_cdn:
            logger.warning("The explorer isn't built and can't be, so its page loads GraphiQL from a CDN")

    def close(self) -> None:
        """Stop a build under way; the next start takes it up again."""
        self._build.stop()

    def _build_and_switch(self) -> None:
        logger.info("Building the explorer in the background")
        try:
            self._build.run()
            logger.info("The explorer is built")
        except Exception as problem:  # whatever it is, people need a page and the server goes on
            logger.warning("The explorer's page is its last build, or loads GraphiQL from a CDN: %s", problem)
        self._page = self._finished_page()

    def _finished_page(self) -> "Page":
        try:
            return site_page(self._build.site, demo=self._demo)
        except OSError:
            return fallback_page(self._sources)


@dataclass(frozen=True)
class Page:
    """A document, and what its Content-Security-Policy admits."""

    html: str
    admits: str = "img-src data:"
    from_cdn: bool = False

    def response(self) -> Response:
        """The answer. It varies: programs get JSON at the same address."""
        return HTMLResponse(
            self.html,
            headers={
                "Cache-Control": "no-cache",
                "Content-Security-Policy": POLICY.format(self.admits),
                "Referrer-Policy": "no-referrer",
                "Vary": "Accept",
                "X-Content-Type-Options": "nosniff",
            },
        )


def site_page(site: Path, *, demo: bool) -> Page:
    """The built explorer. Raises OSError when there is none."""
    html = (site / "index.html").read_text("utf-8")
    return Page(
        html.replace("<html ", "<html data-demo ", 1) if demo else html,
        # The editor writes its theme into style elements and its style sheet contains the fonts. Nothing is
        # evaluated, workers are files of ours, and 'self' covers the WebSocket of the same origin as well.
        "script-src 'self'; worker-src 'self'; connect-src 'self'; style-src 'self' 'unsafe-inline'; "
        "font-src 'self' data:; img-src 'self' data:",
    )


def building_page(sources: Path) -> Page:
    """What is shown while the build runs. It reloads itself."""
    return Page((sources / "building.html").read_text("utf-8"), "style-src 'unsafe-inline'; img-src data:")


def fallback_page(sources: Path) -> Page:
    """GraphiQL from a CDN. The policy admits the very files that the document names, and its inline script."""
    try:
        html = (sources / "fallback.html").read_text("utf-8")
        tabs = json.dumps(fallback_tabs(sources)).replace("<", "\\u003c")
    except (OSError, ValueError):
        return Page("<!doctype html><title>Starling</title>This is a GraphQL API: POST your queries here.")
    scripts = " ".join(re.findall(r'\bsrc="(https://[^"]+)"', html))
    styles = " ".join(re.findall(r'\bhref="(https://[^"]+)"', html))
    inline = "".join(re.findall(r"<script>(.*?)</script>", html, re.DOTALL))
    inline_hash = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
    return Page(
        html.replace('type="application/json">[]', f'type="application/json">{tabs}'),
        f"script-src {scripts} 'sha256-{inline_hash}'; connect-src 'self'; "
        f"style-src {styles} 'unsafe-inline'; font-src data:; img-src data:",
        from_cdn=True,
    )


def fallback_tabs(sources: Path) -> list[dict[str, str]]:
    """The built explorer's tabs, after one that signs in: the fallback has no bar for that."""
    tour = json.loads((sources / "src/tabs.json").read_text("utf-8"))
    return [
        {
            "query": (sources / f"src/tabs/{tab['operation']}.graphql").read_text("utf-8"),
            "variables": json.dumps(tab["variables"], indent=2) if "variables" in tab else "",
        }
        for tab in [{"operation": "sign-in"}, *tour]
    ]


class Assets(StaticFiles):
    """Files whose names carry their content's hash: whoever has one has it for good."""

    async def check_config(self) -> None:
        """Admit a directory that isn't there: until the build is done, no file is."""

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """Serve one file, never to be asked for again."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response
