"""Where a request comes from, as far as it says so."""

from typing import NamedTuple

LONGEST_AGENT = 300


class Device(NamedTuple):
    """What people recognise a sign-in by."""

    address: str
    """The client's IP address; the proxy's where the proxy isn't trusted."""
    agent: str | None = None
    """Its User-Agent."""

    @property
    def name(self) -> str | None:
        """The agent as it is kept: cut, and free of what can't be shown."""
        return "".join(filter(str.isprintable, self.agent))[:LONGEST_AGENT] if self.agent else None
