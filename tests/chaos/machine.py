"""How much of the machine others used meanwhile: a time limit means little on cores that are somebody else's."""

import psutil


class Bystanders:
    """Counts, from its making on, the processor time that isn't this process's or its descendants'."""

    def __init__(self) -> None:
        self._began = _busy(), _own()

    @property
    def share(self) -> float:
        """Per cent of all cores' time that others used."""
        (busy, total), own = _busy(), _own()
        (busy_before, total_before), own_before = self._began
        others = (busy - busy_before) - (own - own_before)
        return max(0.0, 100 * others / max(total - total_before, 0.01))


def _busy() -> tuple[float, float]:
    times = psutil.cpu_times()
    total = sum(times[:8])  # those of guests are in the users' already
    return total - times.idle - getattr(times, "iowait", 0.0), total


def _own() -> float:
    """What has ended counts with whoever waited for it."""
    me = psutil.Process()
    used = 0.0
    for process in (me, *me.children(recursive=True)):
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue
        used += times.user + times.system + times.children_user + times.children_system
    return used
