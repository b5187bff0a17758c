"""The explorer's demo tabs run as plans, and answer as graphql-core would."""

import json
from pathlib import Path

import pytest

from execution.admission import Limits
from execution.compiled import Plans
from execution.documents import Documents
from execution.plan import Plan
from schema.root import schema
from tests.execution.oracle import Oracle

SOURCES = Path(__file__).parents[2] / "explorer/src"
VARIABLES = {
    tab["operation"]: tab.get("variables", {}) for tab in json.loads((SOURCES / "tabs.json").read_text("utf-8"))
}
TABS = {
    path.stem: Documents(schema._schema, Limits()).get(path.read_text("utf-8"))
    for path in (SOURCES / "tabs").glob("*.graphql")
}


@pytest.mark.parametrize("tab", TABS)
def test_a_tab_is_a_plan(tab):
    assert isinstance(Plans(schema._schema).get(TABS[tab], VARIABLES.get(tab, {})), Plan)


@pytest.mark.parametrize("viewer", [None, "ada"])
@pytest.mark.parametrize("tab", [name for name, tab in TABS.items() if tab.kind == "query"])
async def test_a_tab_is_answered_alike(contexts, tab, viewer):
    answer = await Oracle(schema._schema, contexts(viewer)).agree(TABS[tab], VARIABLES[tab])
    assert viewer is None or not answer.errors
