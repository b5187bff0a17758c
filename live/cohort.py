"""Subscribers who asked the same of the same: what they are told is executed and encoded once for all of them.

Where the answer depends on who looks, it is executed once for each person instead. What one may see is judged before:
see live/channel.py.
"""

import asyncio
import time
from collections import OrderedDict, defaultdict
from collections.abc import Awaitable, Callable, Collection, Hashable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from domain.viewer import Viewer
from live.updates import Update

if TYPE_CHECKING:
    from live.listener import Listener

AT_ONCE = 8
"""How many answers are executed at the same time, so that one event doesn't keep the database from everybody else."""
RECENT, REMEMBERED = 5.0, 100
"""Seconds for which, and updates of which, an answer that all may share is kept."""
BREATH = 100
"""How many subscribers are served before others in the process get their turn."""


class Vanished(Exception):
    """What the update tells of went out of the viewer's sight before it was read: judge anew who may see it."""


class Rendering(NamedTuple):
    """What is made of updates: for whom the same, and how."""

    key: Hashable
    """Equal for answers that are the same."""
    shared: bool
    """Whether all who may see an update get the same."""
    render: Callable[[Viewer, Update], Awaitable[Any]]
    """The payload for a viewer. Raises Unavailable, Vanished."""


class Cohort:
    """Those in a channel whose answers are the same."""

    def __init__(self, rendering: Rendering) -> None:
        self.rendering = rendering
        self._recent: OrderedDict[str, tuple[Update, Any, float]] = OrderedDict()
        """What was rendered lately, by cursor: those who come back one after the other are told the same."""

    async def tell(
        self, update: Update, listeners: Collection["Listener"], deliver: Callable[["Listener", Any], None]
    ) -> None:
        """Make the answer, as often as it takes, and hand it to `deliver` for each listener."""
        if self.rendering.shared:
            if listeners:
                await _hand_out(await self._render(next(iter(listeners)).viewer, update), listeners, deliver)
            return
        people: defaultdict[int, list[Listener]] = defaultdict(list)
        for listener in listeners:
            people[listener.viewer.key].append(listener)
        waiting = iter(people.values())
        await asyncio.gather(*(self._tell_each(update, waiting, deliver) for _ in range(min(AT_ONCE, len(people)))))

    async def _render(self, viewer: Viewer, update: Update) -> Any:
        known, payload, at = self._recent.get(update.cursor, (None, None, 0.0))
        if known == update and at > time.monotonic() - RECENT:
            return payload
        payload = await self.rendering.render(viewer, update)
        self._recent[update.cursor] = update, payload, time.monotonic()
        if len(self._recent) > REMEMBERED:
            self._recent.popitem(last=False)
        return payload

    async def _tell_each(
        self, update: Update, people: Iterable[list["Listener"]], deliver: Callable[["Listener", Any], None]
    ) -> None:
        for listeners in people:
            await _hand_out(await self.rendering.render(listeners[0].viewer, update), listeners, deliver)


async def _hand_out(
    payload: Any, listeners: Collection["Listener"], deliver: Callable[["Listener", Any], None]
) -> None:
    for number, listener in enumerate(listeners, 1):
        deliver(listener, payload)
        if number % BREATH == 0:
            await asyncio.sleep(0)
