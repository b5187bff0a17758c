"""A live event is executed once for all who may see it, wherever that is right, and nowhere else."""

from itertools import groupby

import pytest
from graphql import is_object_type

from core.ids import encode
from execution.admission import Limits
from execution.documents import Documents
from execution.fields import SOURCE, Loaded
from execution.sharing import Dependences
from schema.root import schema
from tests.schema import world

pytestmark = pytest.mark.xdist_group("paths")
EDGE = """subscription (VARIABLES $after: Cursor) {
  feedUpdates(after: $after) { ... on PostAdded { edge { SELECTION } } } }"""


def dependence(selection, variables=""):
    graph, text = schema._schema, EDGE.replace("SELECTION", selection).replace("VARIABLES", variables)
    return Dependences(graph).of(Documents(graph, Limits()).get(text))


@pytest.mark.parametrize(
    "selection",
    [
        "cursor node { id body createdAt visibility __typename }",
        "node { author { handle name avatarUrl isPrivate } }",
        "node { ...body } } } } } fragment body on Post { author { id } ... { ... { ... on Node { id",
    ],
)
def test_what_is_the_same_for_all_who_see_it_is_shared(selection):
    assert not dependence(selection).on_viewer


@pytest.mark.parametrize(
    "selection",
    [
        "node { viewerHasLiked }",
        "node { likeCount }",
        "node { author { followerCount } }",
        "node { author { viewerFollow } }",
        "node { comments { nodes { id } } }",
        "node { ...likes } } } } } fragment likes on Post { ... { ... { ... { viewerHasLiked",
    ],
)
def test_what_depends_on_who_looks_is_not_shared(selection):
    assert dependence(selection).on_viewer


def test_where_events_begin_does_not_keep_subscribers_apart_and_what_is_asked_of_them_does():
    assert dependence("node { id }").variables == frozenset()
    assert dependence("node { id @skip(if: $n) }", "$n: Boolean!").variables == {"n"}
    assert dependence("node { comments(first: $n) { nodes { id } } }", "$n: Int").variables == {"n"}


def shared_objects():
    """What a loader finds for a node, the same for all who see that."""
    for type_ in filter(is_object_type, schema._schema.type_map.values()):
        for name, field in type_.fields.items():
            declared = field.extensions.get("strawberry-definition")
            if declared and declared.metadata.get("shared") and isinstance(declared.metadata.get(SOURCE), Loaded):
                yield type_.name, name


async def test_what_is_shared_is_there_for_everybody_who_sees_the_node(api, db):
    assert {("Post", "author"), ("Comment", "author"), ("Comment", "post")} == set(shared_objects())
    people = await world.build(db)
    facts = await world.Facts().read(db)
    ids = [encode("post", each) for each in facts.posts] + [encode("comment", each) for each in facts.comments]
    spread = " ".join(f"... on {kind} {{ {kind}_{name}: {name} {{ id }} }}" for kind, name in shared_objects())
    query = f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ __typename id {spread} }} }}"
    seen = 0
    for start in range(0, len(ids), 50):
        part = ids[start : start + 50]
        answers = [(await api(query, person, ids=part))["nodes"] for person in (None, *people.values())]
        for found in zip(*answers, strict=True):
            nodes = [node for node in found if node]
            seen += len(nodes)
            assert len(list(groupby(nodes))) <= 1
    assert seen > 100
