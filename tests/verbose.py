"""The server as somebody runs it who looks for a mistake: every logger that isn't held back says all it can."""

import logging
import sys

import uvicorn
from starlette.applications import Starlette

from core import telemetry
from server import create_app


def app() -> Starlette:
    """The application, its loggers at DEBUG from its start on."""
    configure = telemetry.configure

    def verbosely() -> logging.Handler:
        handler = configure()
        logging.getLogger().setLevel(logging.DEBUG)
        logging.getLogger("tests.verbose").debug("Everything is said that may be")
        return handler

    telemetry.configure = verbosely
    return create_app()


if __name__ == "__main__":
    uvicorn.run(
        "tests.verbose:app",
        factory=True,
        port=int(sys.argv[1]),
        http="httptools",
        ws="core.frames:Frames",
        log_level="debug",
        access_log=True,
    )
