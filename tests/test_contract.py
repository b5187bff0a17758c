"""The schema holds what clients were promised: `contract.graphql`, with nothing renamed, looser or undocumented."""

from pathlib import Path

import pytest
from graphql import (
    EnumTypeDefinitionNode,
    FieldDefinitionNode,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLUnionType,
    InputObjectTypeDefinitionNode,
    InputValueDefinitionNode,
    InterfaceTypeDefinitionNode,
    ObjectTypeDefinitionNode,
    TypeDefinitionNode,
    UnionTypeDefinitionNode,
    build_schema,
    is_introspection_type,
    is_required_argument,
    is_required_input_field,
    is_specified_scalar_type,
    is_type_sub_type_of,
    parse,
    print_ast,
    type_from_ast,
)

from schema.root import sdl

PROJECT = Path(__file__).parent.parent
CONTRACT: list[TypeDefinitionNode] = list(parse((PROJECT / "tests/contract.graphql").read_text("utf-8")).definitions)
schema = build_schema(sdl())
OURS = {
    name: kind
    for name, kind in schema.type_map.items()
    if not is_introspection_type(kind) and not is_specified_scalar_type(kind)
}


def test_the_exported_schema_is_the_codes():
    """If this fails: `uv run cli.py schema` writes it anew."""
    assert (PROJECT / "schema.graphql").read_text("utf-8") == sdl()


@pytest.mark.parametrize("promised", CONTRACT, ids=[definition.name.value for definition in CONTRACT])
def test_what_was_promised_is_there(promised: TypeDefinitionNode):
    kind = schema.type_map[promised.name.value]
    match promised:
        case ObjectTypeDefinitionNode() | InterfaceTypeDefinitionNode():
            assert isinstance(kind, GraphQLObjectType | GraphQLInterfaceType)
            assert {each.name.value for each in promised.interfaces or ()} <= {each.name for each in kind.interfaces}
            for field in promised.fields or ():
                check_field(kind.fields[field.name.value], field)
        case InputObjectTypeDefinitionNode():
            assert isinstance(kind, GraphQLInputObjectType)
            check_inputs(kind.fields, promised.fields or (), required=is_required_input_field)
        case EnumTypeDefinitionNode():
            assert {value.name.value for value in promised.values or ()} == set(kind.values)
        case UnionTypeDefinitionNode():
            assert {member.name.value for member in promised.types or ()} == {each.name for each in kind.types}


def check_field(field: GraphQLField, promised: FieldDefinitionNode) -> None:
    """A field's value may be of a narrower type than promised, and its arguments are as promised."""
    kind = type_from_ast(schema, promised.type)
    assert kind is not None, print_ast(promised)
    assert is_type_sub_type_of(schema, field.type, kind), print_ast(promised)
    check_inputs(field.args, promised.arguments or (), required=is_required_argument)


def check_inputs(there: dict, promised: tuple[InputValueDefinitionNode, ...], *, required) -> None:
    """Inputs are of the promised type with the promised default, and no other must be given."""
    for each in promised:
        found = there[each.name.value]
        assert str(found.type) == print_ast(each.type), print_ast(each)
        assert default(found.ast_node) == default(each), print_ast(each)
    more = set(there) - {each.name.value for each in promised}
    assert not [name for name in more if required(there[name])]


def default(node: InputValueDefinitionNode) -> str | None:
    """What stands where nothing is given; null is nothing."""
    written = node.default_value and print_ast(node.default_value)
    return None if written == "null" else written


def test_every_mutation_answers_with_its_success_or_an_error():
    for name, field in schema.mutation_type.fields.items():
        prefix = name[0].upper() + name[1:]
        assert str(field.type) == f"{prefix}Result!"
        union = schema.type_map[f"{prefix}Result"]
        assert isinstance(union, GraphQLUnionType)
        success, *refusals = union.types
        assert success.name == f"{prefix}Success"
        assert len(success.fields) == 1
        assert refusals
        assert all("Error" in {each.name for each in refusal.interfaces} for refusal in refusals)
        assert list(field.args) == (["input"] if f"{prefix}Input" in schema.type_map else [])


def test_every_connection_has_edges_nodes_and_a_page_info():
    connections = [kind for name, kind in OURS.items() if name.endswith("Connection")]
    assert len(connections) >= 4
    for kind in connections:
        assert {"edges", "nodes", "pageInfo"} <= set(kind.fields)
        edge = kind.fields["edges"].type.of_type.of_type.of_type
        assert set(edge.fields) == {"cursor", "node"}
        assert str(kind.fields["nodes"].type) == f"[{edge.fields['node'].type}]!"


def test_everything_is_documented():
    missing = [name for name, kind in OURS.items() if not says_something(kind)]
    for name, kind in OURS.items():
        match kind:
            case GraphQLObjectType() | GraphQLInterfaceType():
                missing += [f"{name}.{field}" for field, each in kind.fields.items() if not says_something(each)]
                missing += [
                    f"{name}.{field}({argument}:)"
                    for field, each in kind.fields.items()
                    for argument, one in each.args.items()
                    if not says_something(one)
                ]
            case GraphQLInputObjectType():
                missing += [f"{name}.{field}" for field, each in kind.fields.items() if not says_something(each)]
            case GraphQLEnumType():
                missing += [f"{name}.{value}" for value, each in kind.values.items() if not says_something(each)]
    assert missing == []


def says_something(thing: object) -> bool:
    """Whether there is a sentence about it."""
    description = getattr(thing, "description", None) or ""
    return len(description.strip()) > 3 and description.strip()[-1] in ".!?"
