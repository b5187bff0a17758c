"""The picture in docs/benchmarks.md: requests per second, a panel for each operation, a bar for each server."""

from collections.abc import Iterator
from xml.sax.saxutils import escape

from benchmarks.comparison.measure import Result
from benchmarks.comparison.servers import STARLING, TITLES

COLUMNS, WIDTH, LEFT, BAR = 2, 430, 130, 15
OURS, THEIRS, WORDS = "#d6336c", "#868e96", "#7a828a"
"""Colours that can be read on white and on black."""


def svg(results: list[Result]) -> str:
    """The picture."""
    tallest = max(len(result.samples) for result in results) * BAR + 45
    rows = -(-len(results) // COLUMNS)
    panels = (
        f'<g transform="translate({i % COLUMNS * WIDTH} {i // COLUMNS * tallest})">{"".join(_panel(result))}</g>'
        for i, result in enumerate(results)
    )
    size = f'viewBox="0 0 {COLUMNS * WIDTH} {rows * tallest}" width="{COLUMNS * WIDTH}"'
    style = f"<style>text {{ font: 12px system-ui, sans-serif; fill: {WORDS} }}</style>"
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" {size}>', style, *panels, "</svg>", ""])


def _panel(result: Result) -> Iterator[str]:
    yield f'<text x="0" y="18" font-weight="bold">{escape(result.operation)}, requests per second</text>'
    rates = {server: result.median(server, "rate") for server in result.samples}
    for i, (server, rate) in enumerate(rates.items()):
        y, length = 28 + i * BAR, max(1, round(rate / max(rates.values()) * (WIDTH - LEFT - 80)))
        yield f'<text x="{LEFT - 8}" y="{y + 10}" text-anchor="end">{escape(TITLES[server])}</text>'
        yield f'<rect x="{LEFT}" y="{y}" width="{length}" height="{BAR - 4}" fill="{_colour(server)}"/>'
        yield f'<text x="{LEFT + length + 6}" y="{y + 10}">{rate:,.0f}</text>'


def _colour(server: str) -> str:
    return OURS if server == STARLING else THEIRS
