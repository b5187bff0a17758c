"""What an operation costs at most: its fields' declared costs, times the sizes of the pages that they are on.

A field's `metadata["cost"]` counts once per object that it is asked of; undeclared, a leaf is free and anything else
costs 1. Below a connection everything counts `first` times. A list that is looked up by a list of ids counts once per
id, itself and what is below it. Fields that merge count once, skipped ones as if they weren't; where a type is
abstract, the dearest of its possible types counts. Introspection costs by the number of fields it resolves.

What doesn't depend on variables is added up once; the rest is a short list of steps for `Price.of`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    GraphQLField,
    GraphQLSchema,
    InlineFragmentNode,
    ListValueNode,
    NullValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    Undefined,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_composite_type,
    is_introspection_type,
    is_list_type,
    value_from_ast_untyped,
)

from execution import introspection

LARGEST_PAGE = 100
"""Resolvers refuse larger ones, so they cost no more."""
UNIT = 20
"""How many introspected fields cost 1; all sums are in these."""
MOST = 10**9
"""No price is higher, whatever is multiplied."""


@dataclass(frozen=True, slots=True)
class Step:
    """The number of a sum that depends on variables, among those that were added up before it."""

    index: int


Amount = int | Step


@dataclass(frozen=True, slots=True)
class FromVariables:
    """A page's size, or the length of a list of ids, that the variables tell."""

    variable: str
    default: Any
    otherwise: int
    measure: Callable[[Any], int]

    def of(self, variables: Mapping[str, Any]) -> int:
        """Read it: what is given, else the variable's default, else the argument's."""
        given = variables.get(self.variable, self.default)
        return self.otherwise if given is None else self.measure(given)


Size = int | FromVariables


@dataclass(frozen=True, slots=True)
class Sum:
    """`fixed`, and each amount times its size."""

    fixed: int
    terms: tuple[tuple[Size, Amount], ...]

    def of(self, sums: Sequence[int], variables: Mapping[str, Any]) -> int:
        """Add it up, given the steps before."""
        total = self.fixed
        for size, amount in self.terms:
            times = size if isinstance(size, int) else size.of(variables)
            total += times * (amount if isinstance(amount, int) else sums[amount.index])
        return min(total, MOST * UNIT)


@dataclass(frozen=True, slots=True)
class Dearest:
    """The highest of some amounts."""

    amounts: tuple[Amount, ...]

    def of(self, sums: Sequence[int], _variables: Mapping[str, Any]) -> int:
        """Compare them, given the steps before."""
        return max(amount if isinstance(amount, int) else sums[amount.index] for amount in self.amounts)


@dataclass(frozen=True, slots=True)
class Price:
    """The price of an operation, as far as it is known without variables."""

    steps: tuple[Sum | Dearest, ...]
    total: Amount

    def of(self, variables: Mapping[str, Any]) -> int:
        """Say what the operation costs with these variables, given or coerced. Never more than `MOST`."""
        if isinstance(self.total, int):
            return -(-self.total // UNIT)
        sums: list[int] = []
        for step in self.steps:
            sums.append(step.of(sums, variables))
        return -(-sums[self.total.index] // UNIT)


def compile_price(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) -> Price:
    """Price a valid operation. Selections that are reached in several ways are added up once."""
    compiler = _Compiler(schema, document, operation)
    root = schema.get_root_type(operation.operation)
    assert root is not None
    total = compiler.selections(root, [operation.selection_set])
    return Price(tuple(compiler.steps), total)


def page_size(given: Any) -> int:
    """What `first` asks for, 0–100; 100 for what will be refused anyway."""
    if isinstance(given, int | float) and given < LARGEST_PAGE:
        return int(max(0, given))
    return LARGEST_PAGE


def list_length(given: Any) -> int:
    """How many ids there are, at most 100. One that stands alone is a list, too."""
    return min(len(given), LARGEST_PAGE) if isinstance(given, list | tuple) else 1


class _Compiler:
    def __init__(self, schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) -> None:
        self.schema = schema
        self.fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self.defaults = {
            node.variable.name.value: value_from_ast_untyped(node.default_value)
            for node in operation.variable_definitions or ()
            if node.default_value
        }
        self.steps: list[Sum | Dearest] = []
        self.known: dict[tuple[str, frozenset[int]], Amount] = {}

    def selections(self, parent: GraphQLCompositeType, selection_sets: Sequence[SelectionSetNode]) -> Amount:
        """Price what is selected of one object of the type, by one or more selection sets that merge."""
        key = (parent.name, frozenset(map(id, selection_sets)))
        if key not in self.known:
            if is_abstract_type(parent):
                possible = self.schema.get_possible_types(parent)
                self.known[key] = self._dearest([self.selections(each, selection_sets) for each in possible])
            else:
                self.known[key] = self._sum(parent, self._collect(parent, selection_sets))
        return self.known[key]

    def _dearest(self, amounts: list[Amount]) -> Amount:
        constants = [amount for amount in amounts if isinstance(amount, int)]
        steps = list(dict.fromkeys(amount for amount in amounts if not isinstance(amount, int)))
        highest = max(constants, default=0)
        return self._step(Dearest((highest, *steps))) if steps else highest

    def _sum(self, parent: GraphQLCompositeType, together: Mapping[str, list[FieldNode]]) -> Amount:
        fixed, terms = 0, []
        for nodes in together.values():
            field = self.schema.get_field(parent, nodes[0].name.value)
            if field is None:
                continue
            own, times, size = self._own_cost(parent, field), *self._sizes(parent, field, nodes[0])
            below = self._below(parent, field, nodes)
            for factor, amount in ((times, own), (size, below)):
                if isinstance(factor, int) and isinstance(amount, int):
                    fixed += factor * amount
                elif amount:
                    terms.append((factor, amount))
        fixed = min(fixed, MOST * UNIT)
        return self._step(Sum(fixed, tuple(terms))) if terms else fixed

    def _step(self, step: Sum | Dearest) -> Step:
        self.steps.append(step)
        return Step(len(self.steps) - 1)

    def _below(self, parent: GraphQLCompositeType, field: GraphQLField, nodes: Sequence[FieldNode]) -> Amount:
        kind = get_named_type(field.type)
        if not is_composite_type(kind):
            return 0
        below = self.selections(kind, [node.selection_set for node in nodes if node.selection_set])
        if parent.name == "__Type" and nodes[0].name.value == "ofType" and isinstance(below, int):
            return below // 2  # most types end before the query does
        return below

    def _own_cost(self, parent: GraphQLCompositeType, field: GraphQLField) -> int:
        if is_introspection_type(parent):
            return 1
        definition = field.extensions.get("strawberry-definition")
        declared = getattr(definition, "metadata", {}).get("cost")
        default = 1 if is_composite_type(get_named_type(field.type)) else 0
        return UNIT * int(default if declared is None else declared)

    def _sizes(self, parent: GraphQLCompositeType, field: GraphQLField, node: FieldNode) -> tuple[Size, Size]:
        """How many times the field itself counts for one parent, and how many times what is below it."""
        is_list = is_list_type(get_nullable_type(field.type))
        if is_introspection_type(parent) and is_list:
            return 1, introspection.lengths(self.schema).get(node.name.value, 1)
        if "first" in field.args:
            return 1, self._size(field, node, "first", page_size)
        for name, argument in field.args.items():
            if is_list and is_list_type(get_nullable_type(argument.type)):
                size = self._size(field, node, name, list_length)
                return size, size
        return 1, 1

    def _size(self, field: GraphQLField, node: FieldNode, name: str, measure: Callable[[Any], int]) -> Size:
        default = field.args[name].default_value
        otherwise = LARGEST_PAGE if default is None or default is Undefined else measure(default)
        value = next((argument.value for argument in node.arguments or () if argument.name.value == name), None)
        if value is None or isinstance(value, NullValueNode):
            return otherwise
        if isinstance(value, VariableNode):
            variable = value.name.value
            return FromVariables(variable, self.defaults.get(variable), otherwise, measure)
        return measure(value.values if isinstance(value, ListValueNode) else value_from_ast_untyped(value))

    def _collect(
        self, parent: GraphQLCompositeType, selection_sets: Iterable[SelectionSetNode]
    ) -> Mapping[str, list[FieldNode]]:
        """The fields of an object of this type, by response name."""
        together: defaultdict[str, list[FieldNode]] = defaultdict(list)
        spread: set[str] = set()
        todo: list[SelectionNode] = [node for each in selection_sets for node in each.selections]
        while todo:
            node = todo.pop()
            if isinstance(node, FieldNode):
                together[(node.alias or node.name).value].append(node)
            elif isinstance(node, InlineFragmentNode):
                todo += self._applying(parent, node)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in spread:
                spread.add(node.name.value)
                todo += self._applying(parent, self.fragments[node.name.value])
        return together

    def _applying(
        self, parent: GraphQLCompositeType, fragment: InlineFragmentNode | FragmentDefinitionNode
    ) -> Iterable[SelectionNode]:
        condition = fragment.type_condition.name.value if fragment.type_condition else parent.name
        kind = self.schema.type_map[condition]
        applies = kind is parent or (is_abstract_type(kind) and self.schema.is_sub_type(kind, parent))
        return fragment.selection_set.selections if applies else ()
