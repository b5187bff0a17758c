"""docs/apps.md does what it says, with curl alone."""

import re
import shutil
import subprocess

import pytest

from tests.conftest import PROJECT

TEXT = (PROJECT / "docs/apps.md").read_text("utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
@pytest.mark.slow
def test_an_integrator_gets_to_a_first_authorised_query(server: str):
    script = "set -eu\n" + "\n".join(BLOCKS)
    done = subprocess.run(
        ["bash", "-c", script], env={"STARLING": server, "PATH": "/usr/bin:/bin"}, capture_output=True
    )
    said = done.stdout.decode()
    assert done.returncode == 0, said + done.stderr.decode()
    assert '"latest":{"edges":[{"node":{"id":"post_' in said
    assert "/oauth/device?user_code=" in said
    assert '"error": "authorization_pending"' in said
