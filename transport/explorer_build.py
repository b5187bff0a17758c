"""How the explorer's site comes about: packages installed, files bundled, once per state of its sources."""

import contextlib
import hashlib
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

if sys.platform != "win32":
    import fcntl

STEP_SECONDS = 180
"""How long a step may take. It fails in the end on a machine without a network, and the fallback's turn comes."""


class BuildError(Exception):
    """The site wasn't built; the text says why."""


class Build:
    """The built site in `dist`, made by one process at a time."""

    def __init__(self, sources: Path) -> None:
        self.site = sources / "dist"
        self._sources = sources
        self._work = sources / ".build"
        self._stopped = threading.Event()
        self._step: subprocess.Popen[str] | None = None

    def is_fresh(self) -> bool:
        """Whether the site was built from the sources as they are."""
        try:
            return (self.site / ".sources").read_text("utf-8") == self.fingerprint()
        except OSError:
            return False

    def is_possible(self) -> bool:
        """Whether there are sources, and Node.js to build them with."""
        return bool(shutil.which("node") and shutil.which("npm") and (self._sources / "package.json").exists())

    def fingerprint(self) -> str:
        """A hash of everything that the site is made from. Raises OSError."""
        names = ["index.html", "package.json", "package-lock.json", "vite.config.js"]
        files = [self._sources / name for name in names]
        files += sorted(path for path in (self._sources / "src").rglob("*") if path.is_file())
        contents = (f"{file.relative_to(self._sources).as_posix()} {_sha256(file)}\n" for file in files)
        return hashlib.sha256("".join(contents).encode()).hexdigest()

    def run(self) -> None:
        """Build the site, or wait while another process does. Raises BuildError, OSError."""
        self._work.mkdir(exist_ok=True)
        with _exclusive(self._work / "lock") as (lock, waited):
            if self.is_fresh():
                return
            if waited:
                raise BuildError("another process couldn't build it")
            fingerprint, staging = self.fingerprint(), self._work / "dist"
            shutil.rmtree(staging, ignore_errors=True)
            self._run_step(lock, "npm", "ci", "--ignore-scripts")
            # What `npm run build` does, but in one process, so that stopping it stops everything.
            self._run_step(lock, "node", "node_modules/vite/bin/vite.js", "build", "--outDir", str(staging))
            (staging / ".sources").write_text(fingerprint, "utf-8")
            self._publish(staging)

    def stop(self) -> None:
        """End what `run` is doing in another thread."""
        self._stopped.set()
        if self._step:
            self._step.kill()  # whatever it leaves half-made, the next build deletes first
            self._step.wait()

    def _run_step(self, lock: IO[str], program: str, *arguments: str) -> None:
        command = f"{program} {arguments[0]}"
        if self._stopped.is_set():
            raise BuildError("the server stopped")
        self._step = subprocess.Popen(  # noqa: S603 (these are our own words)
            [shutil.which(program) or program, *arguments],
            cwd=self._sources,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # The step holds the lock as well: if this process is killed, no second npm runs in the folder.
            pass_fds=() if sys.platform == "win32" else (lock.fileno(),),
        )
        if self._stopped.is_set():  # it was set before there was a step to kill
            self._step.kill()
        try:
            output, _ = self._step.communicate(timeout=STEP_SECONDS)
        except subprocess.TimeoutExpired:
            self._step.kill()
            raise BuildError(f"`{command}` took more than {STEP_SECONDS} s") from None
        if self._step.returncode:
            raise BuildError(f"`{command}` failed: {_reason(output)}")

    def _publish(self, staging: Path) -> None:
        old = self._work / "old"
        shutil.rmtree(old, ignore_errors=True)
        with contextlib.suppress(FileNotFoundError):
            self.site.rename(old)
        staging.rename(self.site)
        shutil.rmtree(old, ignore_errors=True)


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _reason(output: str) -> str:
    """The line of a failed step's output that tells a log reader most."""
    lines = output.strip().splitlines() or ["it said nothing"]
    return next((line for line in lines if "error" in line.lower()), lines[-1]).strip()


@contextlib.contextmanager
def _exclusive(path: Path) -> Iterator[tuple[IO[str], bool]]:
    """Hold a file's lock. Yields the file, and whether another process had to be waited for."""
    with path.open("w") as lock:
        waited = False
        if sys.platform != "win32":  # there, two servers that start at once may both build
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waited = True
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock, waited
