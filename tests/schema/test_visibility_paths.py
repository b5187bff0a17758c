"""Nobody sees what they may not see, by any path, in any count: every path from Query to a node, as everybody."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest

from core.database import Database
from core.ids import SEQUENCE_BITS
from domain.viewer import NOBODY
from execution.admission import Limits
from schema.root import schema
from tests.api import Api, Person
from tests.schema import world
from tests.schema.paths import LONGEST, Paths, UnknownArgument

pytestmark = [pytest.mark.xdist_group("paths"), pytest.mark.timeout(240)]

VIEWERS = ("signed out", "stranger", "follower", "author", "recluse", "blocked", "blocker")
MODERATORS = {"suspendedUsers"}
"""Null for all of them."""
NODES = "query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ {spread} }} }} {prints}"
OTHER_SHARD = 1 << SEQUENCE_BITS
"""In an id, and nothing here has such a one."""
NODE = "query ($id: ID!) { node(id: $id) { id } }"

Node = dict[str, Any]
Reached = tuple[str, tuple[str, ...], Node]
"""A viewer's name, the names of the path's fields, and the node as it was found there."""


def arguments(ids: list[str], people: dict[str, Person]) -> dict[str, list[str | None]]:
    """What to pass as an argument of this name: GraphQL literals, each of them taken; None leaves the argument out."""
    some = [f'"{each}"' for kind in ("user", "post", "comment") for each in ids if each.startswith(kind)]
    return {
        "id": some[:: len(some) // 3],
        "ids": [f"[{', '.join(some[:: len(some) // 6])}]"],
        "handle": [f'"{people[name].handle}"' for name in ("author", "recluse")],
        "text": [f'"{world.WORD}"'],
        "after": [None],
    }


@dataclass(frozen=True)
class Walk:
    """What everybody reached, and what there is."""

    people: dict[str, Person]
    facts: world.Facts
    paths: Paths
    ids: list[str]
    reached: list[Reached]

    def eyes(self) -> dict[str, world.Eyes]:
        """What the policy lets each viewer see."""
        numbers = {name: person.number for name, person in self.people.items()}
        return {name: world.Eyes(self.facts, numbers.get(name, NOBODY)) for name in VIEWERS}


@pytest.fixture(scope="module")
async def walk(api: Api, db: Database) -> Walk:
    people = await world.build(db)
    facts = await world.Facts().read(db)
    ids = facts.ids_by({person.number for person in people.values()})
    paths = Paths(schema._schema, Limits(), arguments(ids, people))
    operations = list(paths.operations())
    reached: list[Reached] = []
    for name in VIEWERS:
        for operation in operations:
            answer = await api.answer(operation, people.get(name))
            _check_errors(name, operation, answer)
            reached += ((name, path, node) for path, node in _nodes(answer["data"], paths))
    return Walk(people, facts, paths, ids, reached)


def _check_errors(name: str, operation: str, answer: dict[str, Any]) -> None:
    """Nothing fails but what asks for somebody who is signed in."""
    codes = [error.get("extensions", {}).get("code") for error in answer.get("errors", ())]
    assert not codes or (name == "signed out" and set(codes) == {"NOT_SIGNED_IN"}), (name, answer["errors"], operation)


def _nodes(data: Any, paths: Paths, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Node]]:
    """Every node in an answer, with the fields that led to it."""
    if isinstance(data, list):
        for each in data:
            yield from _nodes(each, paths, path)
    elif isinstance(data, dict):
        if "__typename" in data:
            yield path, {name: data[name] for name in ("__typename", *paths.leaves(data["__typename"]))}
        for name, value in data.items():
            yield from _nodes(value, paths, path if name in ("nodes", "edges", "node") and path else (*path, name))


async def test_no_path_leads_to_what_the_viewer_may_not_see(walk: Walk) -> None:
    eyes = walk.eyes()
    for name, path, node in walk.reached:
        assert eyes[name].see(node["id"]) is not None, f"{name} reached {node} by {path}"


async def test_a_node_is_the_same_on_every_path_and_what_its_rows_say(walk: Walk) -> None:
    eyes = walk.eyes()
    first: dict[tuple[str, str], tuple[tuple[str, ...], Node]] = {}
    for name, path, node in walk.reached:
        expected = eyes[name].see(node["id"]) or {}
        assert {field: node[field] for field in expected} == expected, f"to {name}, by {path}"
        before, as_it_was = first.setdefault((name, node["id"]), (path, node))
        assert node == as_it_was, f"to {name}, by {path} and by {before}"


async def test_node_answers_with_what_the_paths_showed(api: Api, walk: Walk) -> None:
    shown = {(name, node["id"]): node for name, _, node in walk.reached}
    query = NODES.format(
        spread=" ".join(f"...{kind}Print" for kind in walk.paths.nodes), prints=" ".join(walk.paths.prints.values())
    )
    for name, eyes in walk.eyes().items():
        found = (await api(query, walk.people.get(name), ids=walk.ids))["nodes"]
        for each, node in zip(walk.ids, found, strict=True):
            assert (node is not None) == (eyes.see(each) is not None), (name, each)
            assert node is None or node == shown.get((name, each), node), name


async def test_hidden_and_absent_look_alike_byte_for_byte(api: Api, walk: Walk) -> None:
    for name, eyes in walk.eyes().items():
        viewer = walk.people.get(name)
        for each in [each for each in walk.ids if eyes.see(each) is None]:
            kind, number = each.split("_")
            absent = f"{kind}_{int(number) | OTHER_SHARD}"
            one, other = [await api.post(NODE, {"id": node_id}, viewer) for node_id in (each, absent)]
            assert one.content == other.content == b'{"data":{"node":null}}', (name, each)
            assert one.headers.keys() == other.headers.keys()


async def test_a_hidden_handle_looks_like_one_that_nobody_has(api: Api, walk: Walk) -> None:
    query = "query ($handle: String!) { user(handle: $handle) { id postCount } }"
    for name, other in (("blocked", "author"), ("author", "blocked"), ("blocker", "author"), ("author", "blocker")):
        hidden, absent = [
            await api.post(query, {"handle": handle}, walk.people[name])
            for handle in (walk.people[other].handle, "nobody_at_all")
        ]
        assert hidden.content == absent.content == b'{"data":{"user":null}}'


async def test_every_viewer_came_to_every_type_by_paths_of_every_length(walk: Walk) -> None:
    """What was never reached would prove nothing."""
    came: dict[str, set[tuple[str, int]]] = defaultdict(set)
    for name, path, node in walk.reached:
        came[name].add((node["__typename"], len(path)))
    everywhere = set(product(walk.paths.nodes, range(1, LONGEST + 1)))
    assert all(came[name] == everywhere for name in VIEWERS), {name: everywhere - came[name] for name in VIEWERS}


async def test_every_field_that_leads_to_a_node_was_taken(walk: Walk) -> None:
    taken = {field for _, path, _ in walk.reached for field in path}
    kinds = [walk.paths.root, *walk.paths.nodes.values()]
    assert taken | MODERATORS == {field for kind in kinds for field in walk.paths.fields_to_nodes(kind)}


async def test_an_argument_that_the_walk_does_not_know_is_asked_for(walk: Walk) -> None:
    with pytest.raises(UnknownArgument, match=r"what to pass as `handle` of Query\.user"):
        list(Paths(schema._schema, Limits(), {**walk.paths.arguments, "handle": []}).operations())
