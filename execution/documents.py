"""Operations by their text: scanned, parsed, counted, validated and priced once, then remembered."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from sys import getsizeof
from typing import Any, Literal

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    parse,
    validate,
)

from execution.admission import Limits, admit, admit_text, check
from execution.price import Price, compile_price

Kind = Literal["query", "mutation", "subscription"]

MAX_ERRORS = 5
"""Validation stops there: who has made five mistakes needn't read a hundred."""
TOKEN_BYTES = 400
"""What a token takes in memory once it is parsed, measured."""


class Refused(Exception):
    """The operation is not run; `errors` say why, for the client to read."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = errors


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Operation:
    """A valid operation, the same object as long as it is remembered: plans may hang on it."""

    text: str
    document: DocumentNode
    definition: OperationDefinitionNode
    kind: Kind
    price: Price
    memory: int
    """About how many bytes it takes."""

    @property
    def name(self) -> str | None:
        """What its author called it."""
        name = self.definition.name
        return name.value if name else None


class Documents:
    """The operations of one schema that were asked for lately."""

    def __init__(self, schema: GraphQLSchema, limits: Limits, *, size: int = 1000, memory: int = 40_000_000) -> None:
        """Remember at most `size` operations, and what fits into about `memory` bytes."""
        self.schema = schema
        self.limits = limits
        self.size = size
        self.memory = memory
        self._remembered: OrderedDict[tuple[str, str | None], Operation] = OrderedDict()
        self._used = 0

    def get(self, text: str, operation_name: str | None = None) -> Operation:
        """Find the operation of this name, or the only one. Raises Refused."""
        key = (text, operation_name)
        if operation := self._remembered.get(key):
            self._remembered.move_to_end(key)
            return operation
        try:
            operation = self._prepare(text, operation_name)
        except GraphQLError as error:
            raise Refused([error]) from None
        self._remember(key, operation)
        return operation

    def charge(self, operation: Operation, variables: Mapping[str, Any] | None) -> int:
        """Say the operation's price for these variables. Raises Refused where it is over the limit."""
        price = operation.price.of(variables or {})
        try:
            check(self.limits, "price", price)
        except GraphQLError as error:
            raise Refused([error]) from None
        return price

    def _prepare(self, text: str, operation_name: str | None) -> Operation:
        tokens = admit_text(text, self.limits)
        document = parse(text, max_lexical_tokens=self.limits.tokens)
        admit(document, self.limits)
        if errors := validate(self.schema, document, max_errors=MAX_ERRORS):
            raise Refused(errors)
        definition = _select(document, operation_name)
        price = compile_price(self.schema, document, definition)
        memory = getsizeof(text) + tokens * TOKEN_BYTES
        return Operation(text, document, definition, definition.operation.value, price, memory)

    def _remember(self, key: tuple[str, str | None], operation: Operation) -> None:
        self._remembered[key] = operation
        self._used += operation.memory
        while len(self._remembered) > self.size or self._used > self.memory:
            _, forgotten = self._remembered.popitem(last=False)
            self._used -= forgotten.memory


def _select(document: DocumentNode, operation_name: str | None) -> OperationDefinitionNode:
    operations = {
        node.name.value if node.name else None: node
        for node in document.definitions
        if isinstance(node, OperationDefinitionNode)
    }
    if operation_name is not None:
        if operation_name not in operations:
            raise GraphQLError(f'Unknown operation named "{operation_name}".')
        return operations[operation_name]
    if not operations:
        raise GraphQLError("Must provide an operation.")
    if len(operations) > 1:
        raise GraphQLError("Must provide operation name if query contains multiple operations.")
    return next(iter(operations.values()))
