"""What is too large an operation, counted before anything is done with it. A refusal says the limit and a way out.

The text is scanned before it is parsed, and the document is counted in one pass before graphql-core validates it: the
parser and the rules recurse, and OverlappingFieldsCanBeMerged compares every two fields of a response name. Fragments
count as if they were written out where they are spread, and each is walked once however often that is.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

from graphql import (
    ArgumentNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
)

from execution.overlaps import Overlaps

MOST = 10**9
"""What counts higher is reported as this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The most that is admitted. Each has a sentence in `ADVICE`."""

    characters: int = 50_000
    tokens: int = 2000
    """Names, punctuators, values and comments of the whole document."""
    nesting: int = 64
    """Brackets within brackets, a fragment's where it is spread: what a recursive parser stands for."""
    operations: int = 20
    fragments: int = 100
    depth: int = 12
    """Fields within fields."""
    introspection_depth: int = 20
    """The same below `__schema` and `__type`, where types within types are a dozen levels of `ofType`."""
    aliases: int = 30
    root_fields: int = 20
    directives: int = 50
    selections: int = 400
    """Fields, spreads and inline fragments, of all operations together."""
    values: int = 200
    """Arguments' values as written: each item of a list, each variable, each object."""
    overlaps: int = 1000
    """Pairs of fields that end up under the same name in the same place."""
    price: int = 5000
    """See execution/price.py."""


ADVICE = {
    "characters": ("is {} characters long", "Pass long texts as variables."),
    "tokens": ("has {} tokens", "Split it, or pass long values as variables."),
    "nesting": ("nests {} brackets", "Flatten its selections, or pass nested values as variables."),
    "operations": ("is one of {} operations in its document", "Send fewer of them at a time."),
    "fragments": ("comes with {} fragments", "Send only those that it spreads, or merge some."),
    "depth": ("selects fields {} levels deep", "Ask for the deeper levels by id, in an operation of their own."),
    "introspection_depth": ("introspects {} levels deep", "Use fewer levels of `ofType`."),
    "aliases": ("has {} aliases", "Ask for many things of a kind with a list, e.g. `nodes(ids: …)`."),
    "root_fields": ("has {} root fields", "Split it into several operations."),
    "directives": ("has {} directives", "Put one directive on a fragment instead of one on each field."),
    "selections": ("selects {} fields with its fragments written out", "Split it into several operations."),
    "values": ("has {} values in its arguments", "Pass long lists and large inputs as variables."),
    "overlaps": ("selects the same fields again, in {} pairs", "Select each field once, or in one fragment."),
    "price": ("has a price of {}", "Ask for smaller pages with `first`, or for fewer lists within lists."),
}


def check(limits: Limits, measure: str, value: int) -> None:
    """Raise a GraphQLError if `value` is over the limit of this name."""
    limit: int = getattr(limits, measure)
    if value <= limit:
        return
    says, advice = ADVICE[measure]
    code = "OPERATION_TOO_EXPENSIVE" if measure == "price" else "OPERATION_TOO_LARGE"
    raise GraphQLError(
        f"The operation {says.format(value)}; the limit is {limit}. {advice}",
        extensions={"code": code, "measure": measure, "limit": limit, "value": min(value, MOST)},
    )


LEXEMES = re.compile(
    r'"""(?:\\"""|[^"]|"(?!""))*+(?:"""|\Z)|"(?:\\.|[^"\\\r\n])*+"?|#[^\r\n]*+'
    r"|[_A-Za-z][_0-9A-Za-z]*+|-?[0-9][_0-9A-Za-z.+-]*+|\.\.\.|[^\s,\ufeff]"
)
"""Near enough to GraphQL's tokens to count them. What isn't closed goes on to the end: no text is read twice."""


def admit_text(text: str, limits: Limits) -> int:
    """Count the text's tokens. Raises GraphQLError if it is too long, or its brackets too deep, to be parsed."""
    check(limits, "characters", len(text))
    lexemes = LEXEMES.findall(text)
    check(limits, "tokens", len(lexemes))
    deepest = level = 0
    for lexeme in lexemes:
        if lexeme in "{[(":
            level += 1
            deepest = max(deepest, level)
        elif lexeme in ")]}":
            level -= 1
    check(limits, "nesting", deepest)
    return len(lexemes)


def admit(document: DocumentNode, limits: Limits) -> None:
    """Raise a GraphQLError if an operation of the document is larger than the limits, or a fragment contains itself.

    The time is linear in the document's length; that of graphql-core's validation then is, too.
    """
    count = _Count(document, limits)
    count.definitions()
    overlaps = Overlaps(count.fragments)
    for definition in chain(count.operations, count.written):
        check(limits, "overlaps", overlaps.pairs([definition.selection_set]))


@dataclass(slots=True)
class _Tally:
    """What selections amount to with their fragments written out."""

    depth: int = 0
    introspection_depth: int = 0
    nesting: int = 0
    aliases: int = 0
    root_fields: int = 0
    directives: int = 0
    selections: int = 0

    def add(self, other: "_Tally") -> None:
        """Count what stands beside."""
        self.depth = max(self.depth, other.depth)
        self.introspection_depth = max(self.introspection_depth, other.introspection_depth)
        self.nesting = max(self.nesting, other.nesting)
        self.aliases = min(self.aliases + other.aliases, MOST)
        self.root_fields = min(self.root_fields + other.root_fields, MOST)
        self.directives = min(self.directives + other.directives, MOST)
        self.selections = min(self.selections + other.selections, MOST)


class _Count:
    """One pass over a document, each fragment once."""

    def __init__(self, document: DocumentNode, limits: Limits) -> None:
        self.limits = limits
        self.operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
        self.written = [node for node in document.definitions if isinstance(node, FragmentDefinitionNode)]
        self.fragments = {node.name.value: node for node in self.written}
        self.tallies: dict[str, _Tally] = {}
        self.path: list[str] = []
        self.selections = self.values = 0

    def definitions(self) -> None:
        """Check each operation, and each fragment that none of them reaches: validation reads those, too."""
        check(self.limits, "operations", len(self.operations))
        check(self.limits, "fragments", len(self.written))
        expanded = 0
        for operation in self.operations:
            tally = self._operation(operation)
            self._check(tally)
            expanded += tally.selections
        for fragment in self.written:
            name = fragment.name.value
            if name not in self.tallies or self.fragments[name] is not fragment:
                self._check(self._fragment(fragment, 0))
        check(self.limits, "selections", max(expanded, self.selections))
        check(self.limits, "values", self.values)

    def _check(self, tally: _Tally) -> None:
        for measure in _Tally.__slots__:
            check(self.limits, measure, getattr(tally, measure))

    def _operation(self, operation: OperationDefinitionNode) -> _Tally:
        tally = self._selection_set(operation.selection_set, 1)
        self._directives(operation.directives, tally)
        for variable in operation.variable_definitions or ():
            self._directives(variable.directives, tally)
            self._values([variable.default_value] if variable.default_value else [])
            self.values += 1
        return tally

    def _selection_set(self, selection_set: SelectionSetNode, level: int) -> _Tally:
        check(self.limits, "nesting", level)
        tally = _Tally()
        for selection in selection_set.selections:
            self.selections += 1
            tally.selections += 1
            self._directives(selection.directives, tally)
            tally.add(self._selection(selection, level))
        tally.nesting += 1
        return tally

    def _selection(self, selection: SelectionNode, level: int) -> _Tally:
        if isinstance(selection, FieldNode):
            return self._field(selection, level)
        if isinstance(selection, InlineFragmentNode):
            return self._selection_set(selection.selection_set, level + 1)
        assert isinstance(selection, FragmentSpreadNode)
        return self._spread(selection, level)

    def _field(self, field: FieldNode, level: int) -> _Tally:
        self._arguments(field.arguments)
        tally = self._selection_set(field.selection_set, level + 1) if field.selection_set else _Tally()
        if field.name.value in ("__schema", "__type"):
            tally.introspection_depth = max(tally.depth, tally.introspection_depth) + 1
            tally.depth = 0
        tally.depth += 1
        tally.aliases += field.alias is not None
        tally.root_fields = 1
        return tally

    def _spread(self, spread: FragmentSpreadNode, level: int) -> _Tally:
        name = spread.name.value
        if name in self.path:
            via = ", ".join(f"'{passed}'" for passed in self.path[self.path.index(name) + 1 :])
            raise GraphQLError(f"Cannot spread fragment '{name}' within itself{via and f' via {via}'}.", [spread])
        fragment = self.fragments.get(name)
        if fragment is None:
            return _Tally()  # validation says so
        return self.tallies.get(name) or self._fragment(fragment, level)

    def _fragment(self, fragment: FragmentDefinitionNode, level: int) -> _Tally:
        name = fragment.name.value
        self.path.append(name)
        self.tallies[name] = tally = self._selection_set(fragment.selection_set, level + 1)
        self._directives(fragment.directives, tally)
        self.path.pop()
        return tally

    def _directives(self, directives: Iterable[DirectiveNode] | None, tally: _Tally) -> None:
        for directive in directives or ():
            tally.directives += 1
            self._arguments(directive.arguments)

    def _arguments(self, arguments: Iterable[ArgumentNode] | None) -> None:
        if arguments:
            self._values([argument.value for argument in arguments])

    def _values(self, values: list[ValueNode]) -> None:
        while values:
            value = values.pop()
            self.values += 1
            if isinstance(value, ListValueNode):
                values += value.values
            elif isinstance(value, ObjectValueNode):
                values += [field.value for field in value.fields]
