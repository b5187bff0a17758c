"""The compiled executor on a schema that has a bit of everything, beside graphql-core."""

import asyncio
import datetime as dt
import decimal
import enum
import uuid
from typing import Annotated, Any

import pytest
import strawberry
from graphql import GraphQLError
from strawberry.extensions import FieldExtension
from strawberry.permission import BasePermission

from tests.execution.oracle import Oracle


@strawberry.enum
class Color(enum.Enum):
    RED = "r"
    BLUE = "b"


@strawberry.input
class Filter:
    least: int = 0
    tags: list[str] | None = None
    name: strawberry.Maybe[str | None] = None
    color: Color = Color.RED


@strawberry.interface
class Thing:
    id: strawberry.ID


@strawberry.type
class Stone(Thing):
    weight: float = 1.5

    @strawberry.field
    def note(self) -> str | None:
        if self.id == "2":
            raise ValueError("a stone says nothing")
        return f"stone {self.id}"


class Row:
    """Not a Strawberry object: found by `is_type_of`."""

    __slots__ = ("id", "size")

    def __init__(self, id: str, size: int | None) -> None:
        self.id, self.size = id, size


@strawberry.type
class Leaf(Thing):
    size: int

    @classmethod
    def is_type_of(cls, value: Any, _info: Any) -> bool:
        return isinstance(value, Row)


@strawberry.type
class Wind(Thing):
    @classmethod
    async def is_type_of(cls, value: Any, _info: Any) -> bool:
        await asyncio.sleep(0)
        return isinstance(value, complex)


Found = Annotated[Stone | Leaf, strawberry.union("Found")]


class Denied(BasePermission):
    message = "Not for you."

    def has_permission(self, source: Any, info: strawberry.Info, **kwargs: Any) -> bool:
        return info.path.key == "allowed"


class Louder(FieldExtension):
    def resolve(self, next_: Any, source: Any, info: strawberry.Info, **kwargs: Any) -> str:
        return next_(source, info, **kwargs).upper()


@strawberry.type
class Child:
    id: strawberry.ID
    n: int | None
    must: int
    color: Color = Color.RED
    uid: uuid.UUID = uuid.UUID(int=5)
    at: dt.datetime = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
    price: decimal.Decimal = decimal.Decimal("1.50")
    tags: list[str | None] = strawberry.field(default_factory=lambda: ["a", None])
    grid: list[list[int]] = strawberry.field(default_factory=lambda: [[1, 2], [], [3]])
    holes: list[list[int] | None] | None = strawberry.field(default_factory=lambda: [[1], None, [2, None]])
    any: strawberry.Private[Any] = None

    @strawberry.field
    def boom(self) -> str | None:
        if self.id in ("2", "5"):
            raise ValueError(f"boom {self.id}")
        return "ok"

    @strawberry.field
    def boom_must(self) -> str:
        if self.id == "3":
            raise GraphQLError("must", extensions={"code": "MUST"})
        return "ok"

    @strawberry.field
    async def slow_boom_must(self) -> str:
        await asyncio.sleep(0)
        if self.id in ("1", "3"):
            raise ValueError(f"slow {self.id}")
        return "ok"

    @strawberry.field
    async def times(self, info: strawberry.Info, x: int = 1) -> int | None:
        await asyncio.sleep(0)
        if self.id == "3":
            raise KeyError(self.id)
        return int(self.id) * x

    @strawberry.field
    async def peer(self) -> "Child | None":
        await asyncio.sleep(0)
        return None if self.id == "1" else child(int(self.id) + 10)

    @strawberry.field
    async def peer_must(self) -> "Child":
        return None if self.id == "4" else child(int(self.id) + 20)  # type: ignore[return-value]

    @strawberry.field
    def kids(self, where: Filter | None = None, first: int = 2) -> "list[Child | None] | None":
        if self.id == "1":
            return None
        kids = [child(100 + i, must=None if i == 1 and self.id == "2" else 1) for i in range(first)]
        return [*kids, *([None] if where and where.least else [])]

    @strawberry.field
    def path(self, info: strawberry.Info) -> str:
        return "/".join(map(str, info.path.as_list()))

    @strawberry.field
    def selected(self, info: strawberry.Info) -> str:
        return f"{info.selected_fields} {info.field_name} {info.variable_values} {info.python_name}"


def child(i: int, must: int | None = 1) -> Child:
    return Child(id=strawberry.ID(str(i)), n=i if i % 2 else None, must=must)  # type: ignore[arg-type]


@strawberry.type
class Query:
    @strawberry.field
    async def many(self, n: int = 6) -> list[Child]:
        return [child(i, must=None if i == 4 and n > 6 else 1) for i in range(n)]

    @strawberry.field
    async def many_maybe(self, n: int = 6) -> list[Child | None] | None:
        return [child(i, must=None if i == 4 else 1) for i in range(n)]

    @strawberry.field
    def one(self, id: strawberry.ID) -> Child | None:
        return child(int(id)) if int(id) < 50 else None

    @strawberry.field
    def fail(self) -> Child:
        raise RuntimeError("root")

    @strawberry.field
    def things(self, odd: bool = False) -> list[Thing | None]:
        things = [Stone(id="1"), Row("1", 2), None, Stone(id="2"), Row("2", None), Row("3", 2**40), 1j]  # type: ignore
        return [*things, *(["odd", KeyError("gone")] if odd else [])]  # type: ignore[list-item]

    @strawberry.field
    def found(self, odd: bool = False) -> list[Found | None]:
        things = [Stone(id="1"), Row("1", 2), None, Stone(id="2"), Row("2", None)]  # type: ignore[arg-type]
        return [*things, *([7, child(1)] if odd else [])]  # type: ignore[list-item]

    @strawberry.field
    def stones(self) -> list[Stone | None]:
        return [Stone(id="1"), child(1), None]  # type: ignore[arg-type, list-item]

    @strawberry.field
    def wrong(self, what: str) -> int | None:
        values = {"text": "x", "big": 2**40, "bool": True, "float": 2.0, "none": None, "number": "12", "list": [1]}
        return values[what]  # type: ignore[return-value]

    @strawberry.field
    def wrong_list(self, what: int) -> list[int] | None:
        return [5, "abc", {"a": 1}, iter([1, 2]), {3}, (4, None)][what]  # type: ignore[return-value]

    @strawberry.field
    def enums(self) -> list[Color | None]:
        return [Color.RED, "b", None, "x", 5]  # type: ignore[list-item]

    @strawberry.field
    def waiting(self) -> list[int | None]:
        async def later(value: int) -> int:
            await asyncio.sleep(0)
            if value == 2:
                raise ValueError("two")
            return value

        return [later(1), 5, later(2)]  # type: ignore[list-item]

    @strawberry.field
    async def streamed(self, n: int = 3) -> list[int]:
        async def stream() -> Any:
            for i in range(n):
                yield i
            if n == 2:
                raise ValueError("dry")

        return stream()  # type: ignore[return-value]

    @strawberry.field(permission_classes=[Denied])
    def secret(self) -> str | None:
        return "secret"

    @strawberry.field(extensions=[Louder()])
    def loud(self, text: str) -> str:
        return text

    @strawberry.field
    def given(self, where: Filter | None = None, ids: list[int] | None = None, x: int | None = strawberry.UNSET) -> str:
        return f"{where} {ids} {x}"

    @strawberry.field
    def needs(self, x: int = 5) -> str:
        return f"{x}"

    json: list[list[int]] = strawberry.field(resolver=lambda: [[1], (2, 3)])  # type: ignore[list-item]


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def add(self, info: strawberry.Info, n: int) -> int:
        value = info.context["sum"]
        await asyncio.sleep(0)
        info.context["sum"] = value * 10 + n
        return info.context["sum"]

    @strawberry.mutation
    async def spoil(self, info: strawberry.Info) -> int:
        raise ValueError(f"broken at {info.context['sum']}")

    @strawberry.mutation
    async def make(self, info: strawberry.Info) -> Child:
        info.context["sum"] += 1
        return child(2, must=info.context["sum"])


schema = strawberry.Schema(Query, Mutation, types=[Stone, Leaf, Wind])
FRAGMENTS = "fragment F on Child { id ...G } fragment G on Child { n color }"
CONDITIONS = (
    "query ($s: Boolean!, $i: Boolean! = true) { many { id @skip(if: $s) n @include(if: $i) "
    "... @include(if: $i) { color } ...F @skip(if: $s) } } " + FRAGMENTS
)
CASES: list[tuple[str, dict[str, Any] | None]] = [
    ("{ many { id n must color uid at price tags grid holes __typename } __typename }", None),
    ("{ a: many(n: 2) { x: id y: id } b: many(n: 1) { id } c: many(n: 0) { id peer { id } } }", None),
    ("{ many { id boom } }", None),
    ("{ many { id boomMust } }", None),
    ("{ manyMaybe { id boom boomMust } }", None),
    ("{ manyMaybe { id boomMust boom } }", None),
    ("{ manyMaybe { id must } }", None),
    ("{ many(n: 8) { id must } }", None),
    ("{ manyMaybe { boomMust slowBoomMust } }", None),
    ("{ manyMaybe { peer { slowBoomMust } slowBoomMust } }", None),
    ("{ many { peerMust { peer { boomMust } } slowBoomMust } }", None),
    ("{ many { id times(x: 3) } }", None),
    ("query ($x: Int!) { many { times(x: $x) } }", {"x": 4}),
    ("query ($x: Int = 7) { many { times(x: $x) } }", {}),
    ("query ($x: Int!) { many { times(x: $x) } }", {"x": "bad"}),
    ("query ($x: Int!) { many { times(x: $x) } }", {}),
    ("query ($x: Int = 3) { needs(x: $x) many { times(x: $x) } }", {"x": None}),
    ("{ many { peer { id n peer { id boom } } } }", None),
    ("{ many { id peerMust { id } } }", None),
    ("{ manyMaybe { id peerMust { id boomMust } } }", None),
    ("{ many { kids { id must } } }", None),
    ('{ many { kids(first: 3, where: {least: 1, tags: ["a"]}) { id must kids { id boom } } } }', None),
    ("query ($f: Filter) { many { kids(where: $f) { id } } given(where: $f) }", {"f": {"least": 2, "name": None}}),
    ("query ($l: Int, $t: [String!]) { given(where: {least: $l, tags: $t}) }", {"t": "x"}),
    ("query ($l: Int!, $t: [String!]) { given(where: {least: $l, tags: $t, name: null, color: BLUE}) }", {"l": 1}),
    ("query ($i: [Int!]) { given(ids: $i) a: given(ids: 3, x: null) b: given(x: 2) }", {"i": [1, 2]}),
    (CONDITIONS, {"s": True, "i": False}),
    (CONDITIONS, {"s": False, "i": True}),
    (CONDITIONS, {"s": True}),
    ("{ many @skip(if: true) { id } one(id: 1) { id @include(if: false) } }", None),
    ("{ many { ...F ... on Child { id must } peer { id } peer { n } } } " + FRAGMENTS, None),
    ("{ one(id: 3) { id n } two: one(id: 60) { id } }", None),
    ("{ fail { id } one(id: 1) { id } }", None),
    ("{ one(id: 1) { id } fail { id } }", None),
    ("{ many { path peer { path } kids { path } selected } }", None),
    ("{ one(id: 2) { kids { kids { kids { id boom must path } } } } }", None),
    ("{ things { __typename id ... on Stone { weight note } ... on Leaf { id size } } }", None),
    ("{ things(odd: true) { id } }", None),
    ("{ things { ... on Leaf { size } ... on Thing { id } } }", None),
    ("{ found { __typename ... on Stone { note } ... on Leaf { size } ... on Thing { id } } }", None),
    ("{ found(odd: true) { ... on Stone { id } } }", None),
    ("{ stones { id } }", None),
    *(
        (f'{{ wrong(what: "{what}") }}', None)
        for what in ("text", "big", "bool", "float", "none", "number", "list", "")
    ),
    *((f"{{ wrongList(what: {what}) }}", None) for what in range(6)),
    ("{ enums waiting json }", None),
    ("{ streamed } ", None),
    ("{ streamed(n: 2) } ", None),
    ('{ secret allowed: secret loud(text: "hi") }', None),
    ("mutation { a: add(n: 1) b: add(n: 2) c: add(n: 3) }", None),
    ("mutation { a: add(n: 1) spoil c: add(n: 3) }", None),
    ("mutation { spoil b: add(n: 2) c: add(n: 3) }", None),
    ("mutation { a: add(n: 1) b: add(n: 2) spoil }", None),
    ("mutation { a: add(n: 1) make { boomMust slowBoomMust } c: add(n: 3) }", None),
    (
        "{ one(id: 2) { a: times(x: 1) b: times(x: 2) kids { id } kids { must } c: kids(first: 1) { n __typename } } }",
        None,
    ),
    ("{ many(n: 3) { b: boom a: boom peer { z: boom y: slowBoomMust } } manyMaybe { a: boomMust b: must } }", None),
    ("mutation { make { id must peer { id } } again: make { must boomMust } }", None),
]


def context() -> dict[str, Any]:
    return {"sum": 0}


@pytest.mark.parametrize(("query", "variables"), CASES)
async def test_both_executors_give_the_same_answer(query, variables):
    await Oracle(schema._schema, context).compare(query, variables)


@pytest.mark.parametrize("query", [query for query, _ in CASES if query.startswith("mutation")])
async def test_mutations_stop_where_graphql_core_does(query):
    contexts = []
    oracle = Oracle(schema._schema, lambda: contexts.append(context()) or contexts[-1])
    await oracle.compare(query)
    ours, theirs = contexts
    assert ours == theirs
