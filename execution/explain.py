"""A plan in words: what is read where, which fields make one batch, and how many statements that is about.

query Feed · price 41
feed            resolver → PostConnection!
nodes         column → [Post!]!
body        column
author      batch 1: UserById by author_id → User!
handle    column
3 levels of objects, 1 batch, 1 resolver: about 2 statements, however long the lists are
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from graphql import print_ast

from execution.abstract import Abstract
from execution.complete import Completer, Lists, Objects
from execution.edges import EdgesField
from execution.level import Field, Level
from execution.plan import Plan
from execution.sources import Batched, Called, Constant, Resolved

INDENT = "  "


@dataclass
class _Account:
    """What was met on the way."""

    lines: list[tuple[str, str]] = field(default_factory=list)
    levels: int = 0
    batches: dict[object, int] = field(default_factory=dict)
    resolvers: int = 0

    def level(self, level: Level, depth: int, type_: str = "") -> None:
        """A line for each field, and below it what is selected of its objects."""
        self.levels += 1
        if type_:
            self.lines.append((f"{INDENT * depth}… on {type_}", ""))
            depth += 1
        for each in level.fields:
            below = list(_levels(each))
            self.lines.append((INDENT * depth + each.name, self.source(level, each) + _arrow(each, below)))
            for under in below:
                self.level(under, depth + 1, under.type.name if len(below) > 1 else "")

    def source(self, level: Level, each: Field) -> str:
        """Where a field's values come from."""
        match each.source:
            case Batched() as source:
                number = self.batches.setdefault((level, source.kind, source.by, _asked(each)), len(self.batches) + 1)
                what = f"{source.kind.__name__}{_asked(each)}"
                return f"batch {number}: {what} by {source.by}" if source.by else f"batch {number}: {what}"
            case Constant():
                return "known"
            case Resolved() | Called():
                self.resolvers += 1
                return "resolver"
        return "column"


def explain(plan: Plan, price: int) -> str:
    """The plan for a human to read, with the price that it was admitted at."""
    account = _Account()
    account.level(plan.root, 0)
    operation = plan.selections.operation
    name = f" {operation.name.value}" if operation.name else ""
    width = max(len(head) for head, _ in account.lines) + 4
    batches, resolvers = len(account.batches), account.resolvers
    return "\n".join(
        [
            f"{operation.operation.value}{name} · price {price}",
            *(f"{head:{width}}{what}".rstrip() for head, what in account.lines),
            f"{_count(account.levels - 1, 'level')} of objects, {_count(batches, 'batch')}, "
            f"{_count(resolvers, 'resolver')}: about {_count(batches + resolvers, 'statement')}, however long the "
            "lists are",
        ]
    )


def _asked(of: Field) -> str:
    arguments = ", ".join(map(print_ast, of.nodes[0].arguments or ()))
    return f"({arguments})" if arguments else ""


def _levels(of: Field) -> Iterator[Level]:
    if isinstance(of, EdgesField):
        yield of.edges
    else:
        yield from _below(of.completer)


def _below(completer: Completer) -> Iterator[Level]:
    match completer:
        case Objects(level=level):
            yield level
        case Lists(of=of):
            yield from _below(of)
        case Abstract(levels=levels):
            yield from (level for level in levels.values() if level.fields)


def _arrow(of: Field, below: list[Level]) -> str:
    return f" → {of.definition.type}" if below else ""


def _count(number: int, what: str) -> str:
    plural = "es" if what.endswith("ch") else "s"
    return f"{number} {what}{'' if number == 1 else plural}"
