"""Who may call no more, or something else from now on, told to all that know them by now.

What is heard at a moment is told at once: who deletes an app may end thousands of sessions, and one look through tokens
and connections does for all of them.
"""

import asyncio
from collections.abc import Callable

from domain.events import AccountChanged, Event, SessionRevoked
from domain.viewer import Viewer

Concerns = Callable[[Viewer], bool]


class Revocations:
    """Collects events until the event loop has nothing else to do, and tells whom they concern."""

    def __init__(self, *told: Callable[[Concerns], None]) -> None:
        self._told = told
        self._sessions, self._users = set[int](), set[int]()

    def hear(self, event: Event) -> None:
        """Take note of an event, if it is such a one."""
        if not isinstance(event, SessionRevoked | AccountChanged):
            return
        if not (self._sessions or self._users):
            asyncio.get_running_loop().call_soon(self._tell)
        if isinstance(event, SessionRevoked):
            self._sessions.add(event.session_id)
        else:
            self._users.add(event.user_id)

    def _tell(self) -> None:
        sessions, users = self._sessions, self._users
        self._sessions, self._users = set(), set()
        for tell in self._told:
            tell(lambda viewer: viewer.session_id in sessions or viewer.user_id in users)
