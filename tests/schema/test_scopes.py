"""No field is without a scope, but for those that say nothing without another that has one."""

from collections.abc import Iterator

import pytest
from graphql import GraphQLObjectType, get_named_type, is_abstract_type, is_object_type

from domain.scopes import LENDABLE, Scope
from execution.scopes import RequiresScope, scopes_of
from schema.root import schema

GRAPH = schema._schema
OPEN = {
    "Query.node": "it gives an interface, and so needs the scopes of all its types",
    "Query.nodes": "the same",
    "Query.rateLimit": "what a caller has left is the caller's own to know",
}
"""The root fields that declare none, and why."""
ROOTS = [each for each in (GRAPH.query_type, GRAPH.mutation_type, GRAPH.subscription_type) if each]


def objects() -> Iterator[GraphQLObjectType]:
    """The types of the schema's own objects."""
    return (each for each in GRAPH.type_map.values() if is_object_type(each) and not each.name.startswith("__"))


def given(type_: object) -> list[GraphQLObjectType]:
    """The objects that a field of this type may give."""
    named = get_named_type(type_)
    if is_abstract_type(named):
        return list(GRAPH.get_possible_types(named))
    return [named] if is_object_type(named) else []


def test_every_root_field_declares_a_scope_or_says_here_why_not():
    without = {f"{root}.{name}" for root in ROOTS for name in root.fields if not scopes_of(GRAPH, root, name)}
    assert without == OPEN.keys() - {"Query.node", "Query.nodes"}


def test_what_needs_none_is_only_reached_through_what_needs_one():
    """Pages, edges, results, errors, events, what an account shows of itself: types that are parts of their field."""
    reached, todo = set(), [(root, name) for root in ROOTS for name in root.fields]
    for type_, name in todo:
        if f"{type_}.{name}" in reached or scopes_of(GRAPH, type_, name):
            continue
        reached.add(f"{type_}.{name}")
        todo += [(each, below) for each in given(type_.fields[name].type) for below in each.fields]
    outside = {each for each in reached if each.split(".")[0] not in ("Query", "Mutation", "Subscription")}
    assert {each.split(".")[0] for each in outside} == {"RateLimit"}


def test_a_profile_is_what_everybody_may_see_of_somebody():
    """Whoever adds to it decides here that it isn't the person's own business."""
    user = GRAPH.type_map["User"]
    profile = {"id", "handle", "name", "bio", "avatarUrl", "isPrivate", "createdAt"}
    assert {name for name in user.fields if scopes_of(GRAPH, user, name) == {Scope.PROFILE_READ}} == profile


@pytest.mark.parametrize("name", ["User", "Post", "Comment"])
def test_every_field_of_a_node_needs_a_scope(name: str):
    type_ = GRAPH.type_map[name]
    assert [field for field in type_.fields if not scopes_of(GRAPH, type_, field)] == []


def test_a_node_in_disguise_needs_the_scopes_of_all_that_it_may_be():
    every = {Scope.PROFILE_READ, Scope.POSTS_READ, Scope.COMMENTS_READ}
    assert scopes_of(GRAPH, GRAPH.query_type, "node") == scopes_of(GRAPH, GRAPH.query_type, "nodes") == every


def test_only_scopes_of_the_list_are_declared():
    declared = {scope for type_ in objects() for name in type_.fields for scope in scopes_of(GRAPH, type_, name)}
    assert declared == set(Scope)
    assert Scope.ACCOUNT not in LENDABLE


def test_what_changes_things_needs_more_than_reading():
    for name in GRAPH.mutation_type.fields:
        assert not any(scope.endswith(":read") for scope in scopes_of(GRAPH, GRAPH.mutation_type, name)), name


def test_documentation_tells_of_every_scope_that_is_declared():
    for of in [*objects(), *(field for type_ in objects() for field in type_.fields.values())]:
        directives = getattr(of.extensions.get("strawberry-definition"), "directives", None) or ()
        for directive in directives:
            if isinstance(directive, RequiresScope):
                assert f"`{directive.scope}`" in of.description
