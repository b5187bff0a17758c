"""The compiled executor."""

from collections import Counter, OrderedDict
from typing import Any
from weakref import WeakKeyDictionary, ref

from graphql import ExecutionResult, GraphQLSchema

from execution.collect import Unsupported, conditions
from execution.documents import Operation
from execution.plan import Plan, coerce, compile_plan
from execution.reference import Reference

MOST_FIELDS = 50_000
_Key = tuple[ref[Operation], tuple[Any, ...]]


class Plans:
    """The plans of one schema's operations, made when they are first run under the conditions at hand."""

    def __init__(self, schema: GraphQLSchema, *, size: int = MOST_FIELDS) -> None:
        """Remember plans of at most `size` fields together, those that were used last."""
        self.schema = schema
        self.size = size
        self._reference = Reference(schema)
        self.unsupported: Counter[str] = Counter()
        """How often an operation went to graphql-core, by reason."""
        self.hits = self.misses = 0
        """How often a plan was there, and how often it had to be made."""
        self._conditions: WeakKeyDictionary[Operation, tuple[str, ...]] = WeakKeyDictionary()
        self._plans: OrderedDict[_Key, Plan | str] = OrderedDict()
        self._used = 0

    async def execute(
        self, operation: Operation, context: object, variables: dict[str, Any] | None = None, root: object = None
    ) -> ExecutionResult:
        """The answer to a query or mutation, or to one event of a subscription, which is its root."""
        coerced = coerce(self.schema, operation.definition, variables)
        if isinstance(coerced, ExecutionResult):
            return coerced
        try:
            plan = self.get(operation, coerced.coerced)
        except Unsupported as unsupported:
            self.unsupported[unsupported.reason] += 1
            return await self._reference.execute(operation, context, variables, root)
        return await plan.execute(context, coerced, root)

    def get(self, operation: Operation, variables: dict[str, Any]) -> Plan:
        """The operation's plan for these variables, coerced. Raises Unsupported."""
        names = self._conditions.get(operation)
        if names is None:
            names = self._conditions[operation] = conditions(operation.document, operation.definition)
        values = tuple(variables.get(name) for name in names)
        key = (ref(operation), values)
        plan = self._plans.get(key)
        if plan is None:
            self.misses += 1
            plan = self._compile(operation, dict(zip(names, values, strict=True)))
            self._remember(key, plan)
        else:
            self.hits += 1
            self._plans.move_to_end(key)
        if isinstance(plan, str):
            raise Unsupported(plan)
        return plan

    def _compile(self, operation: Operation, values: dict[str, Any]) -> Plan | str:
        if not all(isinstance(value, bool) for value in values.values()):
            return "a condition without a value"
        try:
            return compile_plan(self.schema, operation.document, operation.definition, values)
        except Unsupported as unsupported:
            return unsupported.reason

    def _remember(self, key: _Key, plan: Plan | str) -> None:
        self._plans[key] = plan
        self._used += _size(plan)
        while self._used > self.size and len(self._plans) > 1:
            _, forgotten = self._plans.popitem(last=False)
            self._used -= _size(forgotten)


def _size(plan: Plan | str) -> int:
    return 1 if isinstance(plan, str) else plan.size
