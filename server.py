"""Starling's ASGI application, and the command that serves it: `uv run server.py`."""

import argparse
import signal
import socket
import sys
from collections.abc import Sequence
from typing import NoReturn

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from starlette.applications import Starlette

from core.serving import end_with_parent, end_with_uv, freeze_heap, listen, serve
from core.settings import Settings, provide, settings


def create_app() -> Starlette:
    """The application, for any ASGI server: `uvicorn --factory server:create_app`."""
    config = checked_settings()
    # Only here, like all that is heavy: so the command says at once what it has to say, and ends at once.
    from transport.application import assemble

    return assemble(config)


def worker() -> Starlette:
    """The application in a process of the command below."""
    end_with_parent()
    app = create_app()
    freeze_heap()
    return app


# The command


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until stopped."""
    options = parse(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    end_with_uv()
    try:
        config = checked_settings()
        listener = checked_listener(options.host, options.port)
        if not config.production:
            config = with_engines(config)
            prepare(config)
        config = provide(public_url=address(listener))
        sys.stdout.write(banner(config, listener))
        sys.stdout.flush()
        serve("server:worker", listener, workers=options.workers, reload=options.reload)
    except KeyboardInterrupt:
        pass  # Ctrl-C is how one stops it


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command's options."""
    parser = argparse.ArgumentParser(prog="server.py", description="Serve Starling's GraphQL API.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8000, help="port to listen on (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=1, help="number of processes (default: %(default)s)")
    parser.add_argument("--reload", action="store_true", help="start anew when a file of the program changes")
    options = parser.parse_args(arguments)
    if options.workers < 1:
        parser.error("--workers is at least 1")
    if options.reload and options.workers > 1:
        parser.error("--reload works with one worker")
    return options


def checked_settings() -> Settings:
    """The settings, unless they are wrong or production's are unsafe."""
    try:
        config = settings()
    except ValidationError as error:
        fail(*map(explained, error.errors()))
    if config.production and (problems := config.unsafe_defaults()):
        fail("This isn't safe in production:", *(f"  {problem}" for problem in problems))
    return config


def explained(error: ErrorDetails) -> str:
    """What is wrong with one setting, by the name that it has in the environment."""
    name = "_".join(["STARLING", *map(str, error["loc"])]).upper()
    return f"{name}: {error['msg'].removeprefix('Value error, ')}."


def checked_listener(host: str, port: int) -> socket.socket:
    """The port, unless somebody else has it."""
    try:
        return listen(host, port)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        fail(f"Can't listen on {host}, port {port}: {reason}. Choose others with --host and --port.")


def with_engines(config: Settings) -> Settings:
    """The settings, with embedded engines where they name none."""
    if config.database_url and config.redis_url:
        return config
    # Only here: the module wants what Windows hasn't got, and production may do without the engines' wheels.
    from core.embedded import EnginesError, engines

    try:
        started = engines(config.data)
    except (EnginesError, OSError) as error:
        fail(str(error))
    return provide(database_url=started.database_url, redis_url=started.redis_url)


def prepare(config: Settings) -> None:
    """In development: bring an empty or old database to where the application can use it."""
    from core import migrations
    from domain.demo import seed_demo

    url = config.database_url or ""
    if not migrations.is_current(url):
        migrations.upgrade(url)
    if config.with_demo:
        seed_demo(url)


def address(listener: socket.socket) -> str:
    """Where a browser on this machine finds it."""
    host, port = listener.getsockname()[:2]
    host = "localhost" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host  # noqa: S104
    return f"http://{host}:{port}"


def banner(config: Settings, listener: socket.socket) -> str:
    """What one can do now."""
    lines = [f"Starling's API and explorer: {address(listener)}/graphql"]
    if not config.production and config.with_demo:
        lines.append("Sign in as ada, password starling.")
    return "\n".join([*lines, "Stop with Ctrl-C.", ""])


def fail(*lines: str) -> NoReturn:
    """End, saying why."""
    sys.exit("\n".join(lines))


if __name__ == "__main__":
    main()
