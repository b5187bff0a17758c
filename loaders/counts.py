"""Counts as a viewer may see them: the sum of the counter's slots, less what a block hides."""

from sqlalchemy import BigInteger, ColumnElement, ScalarSelect, cast, func, select
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.selectable import LateralFromClause

from domain.counters import Counter, owner_of
from domain.visibility import VIEWER, UserIdColumn, hidden_users


def totals(counter: Counter, owner: InstrumentedAttribute[int], *columns: str) -> LateralFromClause:
    """The sums of a counter's columns over the slots of the row `owner`, to be joined `ON true`."""
    sums = (cast(func.coalesce(func.sum(getattr(counter, name)), 0), BigInteger).label(name) for name in columns)
    return select(*sums).where(owner_of(counter) == owner).lateral(f"{counter.__tablename__}_totals")


def hidden(
    person: InstrumentedAttribute[int], *of: ColumnElement[bool], viewer: UserIdColumn = VIEWER
) -> ScalarSelect[int]:
    """How many rows `of` something are by a `person` whom a block hides from the viewer."""
    unseen = hidden_users(viewer)
    return select(func.count()).select_from(unseen).where(person == unseen.c.user_id, *of).scalar_subquery()
