"""How many live connections there may be, and what each may do."""

from collections import Counter
from dataclasses import dataclass

from core.addresses import network
from core.settings import Settings


@dataclass(frozen=True, slots=True)
class SocketLimits:
    """What one socket may do. Seconds, and counts."""

    init_within: float = 10.0
    send_within: float = 30.0
    operations: int = 100
    characters: int = 64 * 1024
    messages_per_second: float = 50.0
    messages_at_once: float = 100.0

    @classmethod
    def of(cls, config: Settings) -> "SocketLimits":
        """The limits that are set."""
        return cls(
            operations=config.limit_subscriptions,
            messages_per_second=config.limit_messages_per_second,
            messages_at_once=2 * config.limit_messages_per_second,
        )


class Connections:
    """The live connections of a process, sockets and streams, by whose they are."""

    def __init__(self, per_process: int = 20_000, per_address: int = 1_000, per_user: int = 100) -> None:
        self._per_process, self._per_address, self._per_user = per_process, per_address, per_user
        self._addresses: Counter[str] = Counter()
        self._users: Counter[int] = Counter()
        self.open = 0

    @property
    def are_all_taken(self) -> bool:
        """Whether the process has as many as it may."""
        return self.open >= self._per_process

    def enter(self, address: str) -> bool:
        """Count one more from an address, unless its network has as many as it may."""
        near = network(address)
        if self._addresses[near] >= self._per_address:
            return False
        self._addresses[near] += 1
        self.open += 1
        return True

    def leave(self, address: str) -> None:
        """Count one less."""
        near = network(address)
        self.open -= 1
        self._addresses[near] -= 1
        if not self._addresses[near]:
            del self._addresses[near]

    def enter_user(self, user_id: int | None) -> bool:
        """Count one more of a person, unless there are as many as there may be. Nobody in particular has no limit."""
        if user_id is None:
            return True
        if self._users[user_id] >= self._per_user:
            return False
        self._users[user_id] += 1
        return True

    def leave_user(self, user_id: int | None) -> None:
        """Count one less."""
        if user_id is None:
            return
        self._users[user_id] -= 1
        if not self._users[user_id]:
            del self._users[user_id]
