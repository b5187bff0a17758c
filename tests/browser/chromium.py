"""Which browser is driven, and where there is none."""

import shutil

import pytest

LIGHT = ["chromium-headless-shell", "chrome-headless-shell"]
"""The same engine without the windows that nobody sees: a third of the CPU."""
BROWSERS = [*LIGHT, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
executable = next(filter(None, map(shutil.which, BROWSERS)), None)
IN_CHROMIUM = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(executable is None, reason="needs Chromium or Chrome"),
]
