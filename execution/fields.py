"""Where a field's value comes from, declared once beside its type: a column, a loader's batch, or a resolver.

The declaration is the field's Strawberry resolver, and is kept in its metadata under `SOURCE` for a compiled executor
to read: both serve the same field, so they can't disagree.

`scope` is what a token with scopes must have for the field, see scopes.py; `cost` is its price; `public` says that
everybody who isn't signed in is given the same, see public.py; `shared`, that all who may see the row are, so that a
live event is executed once for all of them, see sharing.py.

A context has `loaders`, which gives the operation's loader of a class; a row has its columns as attributes, and
`model_of` tells what it is a row of.
"""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, NewType, TypeVar

import strawberry

from execution.scopes import RequiresScope

T = TypeVar("T")
SOURCE = "starling.source"

Cursor = NewType("Cursor", str)


@dataclass(frozen=True, slots=True)
class Computed:
    """What a function makes of the row, or another, quicker, of many."""

    of: Callable[[Any], Any]
    of_all: Callable[[Sequence[Any]], list[Any]] | None


@dataclass(frozen=True, slots=True)
class Loaded:
    """One key of the row, one batch for the whole level."""

    loader: type[Any]
    by: str
    take: str | None


@dataclass(frozen=True, slots=True)
class Paged:
    """A page of a list that hangs on the row's key; which page, the field's arguments say.

    `loaders[lists].page(**arguments)` is the loader of that page of each key.
    """

    lists: type[Any]
    by: str | None


def row_type(
    model: type[Any], *, model_of: Callable[[object], type | None], description: str, scope: str | None = None
) -> Callable[[type[T]], type[T]]:
    """A Strawberry type whose instances are rows of `model`. `model_of` goes by the row's class alone.

    `scope` is for its fields that name none.
    """

    def declare(cls: type[T]) -> type[T]:
        def is_type_of(row: object, _info: object) -> bool:
            return model_of(row) is model

        is_type_of.goes_by_class = True  # type: ignore[attr-defined]
        cls.is_type_of = is_type_of  # type: ignore[attr-defined]
        return strawberry.type(cls, **_described(description, scope))

    return declare


def column(
    description: str,
    *,
    of: Callable[[Any], Any] | None = None,
    of_all: Callable[[Sequence[Any]], list[Any]] | None = None,
    cost: int = 0,
    scope: str | None = None,
) -> Any:
    """The row's attribute of the field's name, or what `of` makes of the row: public, as it goes by the row alone.

    `of_all` makes the same of many rows, where that is quicker.
    """
    metadata: dict[Any, Any] = {"cost": cost, "public": True, "shared": True}
    described = _described(description, scope)
    if of is None:
        return strawberry.field(metadata=metadata, **described)

    def resolve(root: Any) -> Any:
        return of(root)

    return strawberry.field(resolver=resolve, metadata=metadata | {SOURCE: Computed(of, of_all)}, **described)


def loaded(
    loader: type[Any],
    description: str,
    *,
    by: str,
    take: str | None = None,
    cost: int = 1,
    public: bool = False,
    shared: bool = False,
    scope: str | None = None,
) -> Any:
    """What `loader` has for the row's key `by`, or its attribute `take`; None where the key is None."""

    async def resolve(root: Any, info: strawberry.Info) -> Any:
        key = getattr(root, by)
        if key is None:
            return None
        value = await info.context.loaders[loader].load(key)
        return value if take is None or value is None else getattr(value, take)

    metadata = {"cost": cost, "public": public, "shared": shared, SOURCE: Loaded(loader, by, take)}
    return strawberry.field(resolver=resolve, metadata=metadata, **_described(description, scope))


REQUIRED: Any = inspect.Parameter.empty


def argument(type_: Any, description: str, default: Any = REQUIRED) -> Any:
    """A field's argument: a parameter's annotation and default, with its documentation."""
    return Annotated[type_, strawberry.argument(description=description)], default


FIRST = argument(int | None, "How many, 1–100.", 20)
AFTER = argument(Cursor | None, "Go on after this cursor: a page's `endCursor`, or an edge's.", strawberry.UNSET)


ALONE = 0
"""The key of a list that hangs on nothing: there is just one."""


def paged(
    lists: type[Any],
    description: str,
    *,
    by: str | None = None,
    cost: int = 1,
    public: bool = False,
    scope: str | None = None,
    **arguments: Any,
) -> Any:
    """Pages of the list of the row's key `by`, or of one that hangs on nothing; which page, the arguments say.

    None where the key is None.
    """

    async def resolve(root: Any, info: strawberry.Info, **given: Any) -> Any:
        loader = info.context.loaders[lists].page(**given)
        key = getattr(root, by) if by else ALONE
        return None if key is None else await loader.load(key)

    given = {"first": FIRST, "after": AFTER, **arguments}
    metadata = {"cost": cost, "public": public, SOURCE: Paged(lists, by)}
    return _field(resolve, _described(description, scope), metadata, given)


def resolved(
    resolver: Callable[..., Any],
    description: str,
    *,
    cost: int = 1,
    public: bool = False,
    scope: str | None = None,
    **arguments: Any,
) -> Any:
    """Anything else: an ordinary resolver of `info` and these arguments."""
    return _field(_calling(resolver), _described(description, scope), {"cost": cost, "public": public}, arguments)


def subscribed(
    resolver: Callable[..., Any], description: str, *, cost: int = 1, scope: str | None = None, **arguments: Any
) -> Any:
    """A subscription: `resolver` gives the iterator of its events."""
    described = _described(description, scope)
    return _field(_calling(resolver), described, {"cost": cost}, arguments, declare=strawberry.subscription)


def _described(description: str, scope: str | None) -> dict[str, Any]:
    """A field's or type's documentation; directives can't be introspected, so its text tells of the scope as well."""
    if scope is None:
        return {"description": description}
    return {
        "description": f"{description} Tokens with scopes need `{scope}`.",
        "directives": [RequiresScope(scope=scope)],
    }


def _calling(resolver: Callable[..., Any]) -> Callable[..., Any]:
    async def resolve(info: strawberry.Info, **given: Any) -> Any:
        return await resolver(info, **given)

    return resolve


def _field(
    resolve: Callable[..., Any],
    described: dict[str, Any],
    metadata: dict[Any, Any],
    arguments: dict[str, Any],
    *,
    declare: Callable[..., Any] = strawberry.field,
) -> Any:
    """Strawberry reads a field's arguments from its resolver's signature, so give it one."""
    fixed = [p for p in inspect.signature(resolve).parameters.values() if p.kind is not p.VAR_KEYWORD]
    named = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, (annotation, default) in arguments.items()
    ]
    resolve.__signature__ = inspect.Signature([*fixed, *named])  # type: ignore[attr-defined]
    return declare(resolver=resolve, metadata=metadata, **described)
