"""Asks axe-core whether everybody can use a page: WCAG 2.2, levels A and AA, in light and in dark."""

import shutil

import pytest

NEEDS_NPM = pytest.mark.skipif(not shutil.which("npm"), reason="needs npm for axe-core")
LEVELS = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
COLOURS = {"type": "rule", "values": ["color-contrast"]}
"""All that depends on the scheme."""


async def complaints(source: str, page) -> list[str]:
    """What axe-core says against what the page shows now."""
    await page.evaluate(source)  # as devtools do: no page admits it, and none has to
    found = []
    for scheme, rules in (("light", LEVELS), ("dark", COLOURS)):
        await page.emulate_media(color_scheme=scheme)
        answer = await page.evaluate("runOnly => axe.run({ runOnly, resultTypes: ['violations'] })", rules)
        for violation in answer["violations"]:
            places = [node["html"] for node in violation["nodes"]]
            found.append(f"{page.url}, {scheme}: {violation['id']}, {violation['help']}: {places}")
    return found
