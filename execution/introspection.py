"""How much there is to introspect in a schema, on average: what a field of `__Type` and the like will resolve."""

from collections.abc import Mapping
from functools import lru_cache
from math import ceil

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    is_abstract_type,
)


@lru_cache(maxsize=8)
def lengths(schema: GraphQLSchema) -> Mapping[str, int]:
    """The lengths of introspection's lists by their field, at least 1: all types, and what one of them has about."""
    types = list(schema.type_map.values())
    shaped = [kind for kind in types if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType)]
    fields = [field for kind in shaped for field in kind.fields.values()]

    def average(counts: list[int], among: int) -> int:
        return max(1, ceil(sum(counts) / max(1, among)))

    return {
        "types": len(types),
        "directives": len(schema.directives),
        "fields": average([len(kind.fields) for kind in shaped], len(types)),
        "args": average([len(field.args) for field in fields], len(fields)),
        "interfaces": average([len(kind.interfaces) for kind in shaped], len(types)),
        "possibleTypes": average(
            [len(schema.get_possible_types(kind)) for kind in types if is_abstract_type(kind)], len(types)
        ),
        "enumValues": average([len(kind.values) for kind in types if isinstance(kind, GraphQLEnumType)], len(types)),
        "inputFields": average(
            [len(kind.fields) for kind in types if isinstance(kind, GraphQLInputObjectType)], len(types)
        ),
    }
