"""Which fields are selected of an object: fragments spread, aliases and conditions applied, fields merged."""

from collections.abc import Iterable, Mapping

from graphql import (
    DirectiveNode,
    DocumentNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
)
from graphql.execution.collect_fields import (
    CollectedFields,
    FieldDetails,
    FragmentDetails,
    GroupedFieldSet,
    collect_fields,
    collect_subfields,
)
from graphql.execution.values import VariableValues

Conditions = Mapping[str, bool]


class Unsupported(Exception):
    """The operation is graphql-core's to execute; the reason is one of a few texts, to be counted."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Selections:
    """The selections of one operation, under given values of the variables that conditions depend on."""

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        conditions: Conditions,
    ) -> None:
        self.schema, self.operation = schema, operation
        self.fragments = {
            node.name.value: FragmentDetails(node)
            for node in document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }
        if any(each.definition.variable_definitions for each in self.fragments.values()):
            raise Unsupported("fragment variables")
        self._variables = VariableValues({}, dict(conditions))

    def root(self, type_: GraphQLObjectType) -> GroupedFieldSet:
        """The operation's own fields."""
        return _not_deferred(collect_fields(self.schema, self.fragments, self._variables, type_, self.operation))

    def below(self, type_: GraphQLObjectType, fields: list[FieldDetails]) -> GroupedFieldSet:
        """The fields of an object of this type that stands at some merged fields."""
        return _not_deferred(
            collect_subfields(self.schema, self.fragments, self._variables, self.operation, type_, fields)
        )


def _not_deferred(collected: CollectedFields) -> GroupedFieldSet:
    if collected.new_defer_usages:
        raise Unsupported("@defer")
    return collected.grouped_field_set


def conditions(document: DocumentNode, operation: OperationDefinitionNode) -> tuple[str, ...]:
    """The variables that @skip and @include depend on, wherever the operation gets to."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    found: set[str] = set()
    spread: set[str] = set()
    todo: list[SelectionSetNode] = [operation.selection_set]
    while todo:
        for node in todo.pop().selections:
            found.update(_variables(node.directives or ()))
            if isinstance(node, FragmentSpreadNode):
                name = node.name.value
                if name not in spread and name in fragments:
                    spread.add(name)
                    todo.append(fragments[name].selection_set)
            elif below := getattr(node, "selection_set", None):
                todo.append(below)
    return tuple(sorted(found))


def _variables(directives: Iterable[DirectiveNode]) -> Iterable[str]:
    for directive in directives:
        if directive.name.value in ("skip", "include"):
            for argument in directive.arguments or ():
                if isinstance(argument.value, VariableNode):
                    yield argument.value.name.value
