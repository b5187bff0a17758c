"""What comes from npm: the packages that the lock has."""

import asyncio
from pathlib import Path

HERE = Path(__file__).parent


async def run(*command: str | Path) -> str:
    """What a command prints; a failure shows what it complained about."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=HERE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, complaints = await process.communicate()
    assert process.returncode == 0, complaints.decode()
    return output.decode()


async def install() -> None:
    """Have them, unless they are there."""
    installed, locked = HERE / "node_modules/.package-lock.json", HERE / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < locked.stat().st_mtime:
        await run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
