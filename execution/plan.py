"""The compiler: an operation becomes a plan, whose levels hang together as the response will."""

from operator import attrgetter
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    get_nullable_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_object_type,
)
from graphql.execution.collect_fields import FieldDetails, GroupedFieldSet
from graphql.execution.values import VariableValues, get_variable_values
from graphql.type.directives import GraphQLDisableErrorPropagationDirective
from strawberry import Info
from strawberry.types.field import StrawberryField

from execution import edges, fields, pages
from execution.abstract import Abstract
from execution.arguments import Arguments
from execution.collect import Conditions, Selections, Unsupported
from execution.complete import Completer, Leaves, Lists, Objects
from execution.edges import EdgesField
from execution.errors import settle
from execution.level import Field, Level
from execution.places import Place
from execution.run import Run
from execution.sources import Called, Constant, Loaded, Paged, Read, Resolved, Source

MOST_VARIABLE_ERRORS = 50
"""graphql-core's default."""


class Plan:
    """What is to be done for an operation, under given conditions, whatever the other variables are."""

    def __init__(self, selections: Selections, root: Level, size: int) -> None:
        self.selections, self.root = selections, root
        self.size = size
        """How many fields were compiled: what it takes in memory goes with that."""

    async def run(
        self, context: object, variables: dict[str, Any] | None = None, root: object = None
    ) -> ExecutionResult:
        """The answer for these variables, as a client sends them."""
        coerced = coerce(self.selections.schema, self.selections.operation, variables)
        return coerced if isinstance(coerced, ExecutionResult) else await self.execute(context, coerced, root)

    async def execute(self, context: object, variables: VariableValues, root: object = None) -> ExecutionResult:
        """The answer for these variables, coerced."""
        of = self.selections
        run = Run(of.schema, of.operation, of.fragments, context, variables, root)
        if of.operation.operation is OperationType.MUTATION:
            [data] = await self.root.serially(run, root, Place())
        else:
            [data] = await self.root.objects(run, [root], Place())
        if run.failures:
            return ExecutionResult(*settle(data, run.failures))
        return ExecutionResult(data)


def coerce(
    schema: GraphQLSchema, operation: OperationDefinitionNode, variables: dict[str, Any] | None
) -> VariableValues | ExecutionResult:
    """The variables' values, or the answer that says what is wrong with them."""
    definitions = operation.variable_definitions or ()
    coerced = get_variable_values(schema, definitions, variables or {}, max_errors=MOST_VARIABLE_ERRORS)
    return ExecutionResult(None, coerced) if isinstance(coerced, list) else coerced


def compile_plan(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, conditions: Conditions
) -> Plan:
    """The plan of a valid operation for these values of the variables in @skip and @include. Raises Unsupported."""
    if any(each.name.value == GraphQLDisableErrorPropagationDirective.name for each in operation.directives or ()):
        raise Unsupported("no error propagation")
    root = schema.get_root_type(operation.operation)
    if root is None:
        raise Unsupported("no root type")
    selections = Selections(schema, document, operation, conditions)
    compiler = _Compiler(schema, selections)
    return Plan(selections, compiler.level(root, selections.root(root)), compiler.size)


class _Compiler:
    def __init__(self, schema: GraphQLSchema, selections: Selections) -> None:
        self.schema, self.selections = schema, selections
        self.strawberry: Any = getattr(schema, "_strawberry_schema", None)
        self.levels: dict[object, Level] = {}
        self.size = 0

    def level(self, type_: GraphQLObjectType, selected: GroupedFieldSet, *, of_edges: bool = False) -> Level:
        """The level of these fields, the same one wherever they are selected alike."""
        key = (type_, of_edges, tuple((name, *map(_identity, details)) for name, details in selected.items()))
        level = self.levels.get(key)
        if level is None:
            level = self.levels[key] = Level(type_)
            level.set([self.field(type_, *each, of_edges) for each in enumerate(selected.items())])
            self.size += len(selected)
        return level

    def field(
        self, parent: GraphQLObjectType, order: int, selected: tuple[str, list[FieldDetails]], of_edges: bool
    ) -> Field:
        """One field of a level."""
        name, details = selected
        called = details[0].node.name.value
        definition = self.schema.get_field(parent, called)
        if definition is None or called in ("__schema", "__type"):
            raise Unsupported("introspection" if definition else "unknown field")
        field = Field(name, order, parent, definition, details)
        field.nullable = not isinstance(definition.type, GraphQLNonNull)
        if of_edges and field.strawberry:
            field.source = edges.SOURCES[field.strawberry.python_name]
        else:
            field.source = self.source(field)
        field.completer = self.completer(definition.type, details)
        return self.with_edges(field)

    def source(self, field: Field) -> Source:
        """Where the field's values come from: what was declared, or whatever resolver there is."""
        declared = field.strawberry
        if field.nodes[0].name.value == "__typename":
            return Constant(field.parent.name)
        if declared is not None and declared.is_subscription:
            return Read(_event)
        if declared is None or not self.is_plain(field, declared):
            return Called(Arguments(field))
        match declared.metadata.get(fields.SOURCE):
            case fields.Loaded() as source:
                return Loaded(source)
            case fields.Paged() as source:
                return Paged(source, Arguments(field, self.strawberry))
            case fields.Computed(of, of_all):
                return Read(of, of_all)
        if declared.is_basic_field:
            return Read(attrgetter(declared.python_name))
        return Resolved(field, Arguments(field, self.strawberry))

    def is_plain(self, field: Field, declared: StrawberryField) -> bool:
        """Whether nothing stands between graphql-core and the resolver but Strawberry's own wrapper."""
        schema, resolve = self.strawberry, field.definition.resolve
        return (
            type(declared) is StrawberryField
            and not declared.extensions
            and not schema.schema_converter.exception_handlers
            and schema.config.info_class is Info
            and schema.config.default_resolver is getattr
            and getattr(resolve, "__module__", None) == "strawberry.schema.schema_converter"
        )

    def completer(self, type_: GraphQLOutputType, details: list[FieldDetails]) -> Completer:
        """What becomes of values of this type."""
        nullable = not isinstance(type_, GraphQLNonNull)
        kind = get_nullable_type(type_)
        if is_leaf_type(kind):
            return Leaves(nullable, kind)
        if is_list_type(kind):
            return Lists(nullable, self.completer(kind.of_type, details))
        if is_object_type(kind):
            return Objects(nullable, self.level(kind, self.selections.below(kind, details)))
        assert is_abstract_type(kind)
        possible = self.schema.get_possible_types(kind)
        return Abstract(nullable, kind, [self.level(each, self.selections.below(each, details)) for each in possible])

    def with_edges(self, field: Field) -> Field:
        """The field, such that it does without edge objects if it lists a page's edges and no more is asked of them."""
        if not (isinstance(field.source, Read) and field.source.get is pages.edges):
            return field
        assert isinstance(field.completer, Lists)
        edge = field.completer.of
        if not isinstance(edge, Objects) or edge.level.type.is_type_of is not None:
            return field
        asked = [each.strawberry.python_name for each in edge.level.fields if each.strawberry]
        if not edges.SOURCES.keys() >= set(asked):
            return field
        selected = self.selections.below(edge.level.type, field.details)
        return EdgesField(field, self.level(edge.level.type, selected, of_edges=True))


def _event(root: Any) -> Any:
    """A subscription's field is its event."""
    return root


def _identity(field: FieldDetails) -> int:
    return id(field.node)
