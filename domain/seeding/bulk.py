"""Filling an empty database in one go: COPY without indexes and foreign keys, then counters, indexes, statistics."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import sql
from sqlalchemy import (
    BigInteger,
    Boolean,
    Connection,
    DateTime,
    NullPool,
    SmallInteger,
    Text,
    create_engine,
    exists,
    func,
    insert,
    literal,
    select,
    text,
    union_all,
)
from sqlalchemy.dialects.postgresql import Insert

from core.database import sqlalchemy_url
from domain.counters import Counter, owner_of
from models.base import Base
from models.comments import Comment, CommentCounter, CommentLike
from models.follows import Block, Follow, FollowRequest
from models.posts import Post, PostCounter, PostLike, Visibility
from models.users import Account, User, UserCounter

Row = tuple[Any, ...]

LOCK = 7305
"""The advisory lock under which an empty database is filled."""

COLUMNS: dict[type[Base], str] = {
    User: "id handle name bio is_private created_at",
    Account: "user_id email email_verified_at password_hash",
    Block: "blocker_id blocked_id id created_at",
    Follow: "follower_id followee_id id created_at",
    FollowRequest: "follower_id followee_id id created_at",
    Post: "id author_id body visibility created_at",
    PostLike: "post_id user_id created_at",
    Comment: "id post_id parent_id author_id depth body created_at",
    CommentLike: "comment_id user_id created_at",
}
"""What the rows of a table consist of, in the order in which tables can be filled."""

_TYPES = {
    BigInteger: "int8",
    SmallInteger: "int2",
    Boolean: "bool",
    Text: "text",
    DateTime: "int8",  # the same eight bytes; rows carry `moments.stamp`, much faster than datetimes
}

_COUNTED: dict[Counter, dict[str, tuple[Any, ...]]] = {
    UserCounter: {
        "public_posts": (Post.author_id, Post.visibility == Visibility.PUBLIC),
        "follower_posts": (Post.author_id, Post.visibility == Visibility.FOLLOWERS),
        "followers": (Follow.followee_id,),
        "following": (Follow.follower_id,),
    },
    PostCounter: {"likes": (PostLike.post_id,), "comments": (Comment.post_id,)},
    CommentCounter: {
        "likes": (CommentLike.comment_id,),
        "replies": (Comment.parent_id, Comment.parent_id.is_not(None)),
    },
}
"""What each count counts: the owner's column among the rows, and which of them."""


@contextmanager
def filling(database_url: str) -> Iterator[Connection]:
    """One transaction that nobody else fills the database in."""
    engine = create_engine(sqlalchemy_url(database_url), poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(select(func.pg_advisory_xact_lock(LOCK)))
        yield connection
    engine.dispose()


def is_inhabited(connection: Connection) -> bool:
    """Whether there is anybody."""
    return bool(connection.scalar(select(exists().where(User.id.is_not(None)))))


def copy(connection: Connection, model: type[Base], rows: Iterable[Row], *, frozen: bool = False) -> None:
    """Write the rows of a table. `frozen` saves the vacuum to come, where this transaction has truncated the table."""
    columns = [model.__table__.columns[name] for name in COLUMNS[model].split()]
    statement = sql.SQL("copy {} ({}) from stdin (format binary, freeze {})").format(
        sql.Identifier(model.__tablename__),
        sql.SQL(", ").join(sql.Identifier(column.name) for column in columns),
        sql.Literal(frozen),
    )
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(statement) as stream:
        stream.set_types([_TYPES[type(column.type)] for column in columns])
        for row in rows:
            stream.write_row(row)


def count(connection: Connection) -> None:
    """Fill the counters of a world that has none."""
    for counter, tallies in _COUNTED.items():
        connection.execute(_recount(counter, tallies))


def _recount(counter: Counter, tallies: dict[str, tuple[Any, ...]]) -> Insert:
    each = union_all(
        *(
            select(owner.label("owner"), *(literal(int(name == other)).label(other) for other in tallies)).where(*which)
            for name, (owner, *which) in tallies.items()
        )
    ).subquery()
    sums = select(each.c.owner, literal(0), *(func.sum(each.c[name]) for name in tallies)).group_by(each.c.owner)
    return insert(counter).from_select([owner_of(counter).key, "slot", *tallies], sums)  # type: ignore[return-value]


def clear(connection: Connection) -> None:
    """Remove everybody, and so everything that hangs on somebody, and what was told of it."""
    connection.execute(text("truncate users, outbox cascade"))


@contextmanager
def without_indexes(connection: Connection) -> Iterator[None]:
    """Drop what is checked or updated with every row, and make it anew when all are there: much faster."""
    tables = {"tables": [model.__tablename__ for model in (*COLUMNS, *_COUNTED)]}
    foreign_keys = connection.execute(text(_FOREIGN_KEYS), tables).all()
    indexes = connection.execute(text(_INDEXES), tables).all()
    for table, name, _ in foreign_keys:
        connection.exec_driver_sql(f"alter table {table} drop constraint {name}")
    for name, _ in indexes:
        connection.exec_driver_sql(f"drop index {name}")
    yield
    connection.exec_driver_sql("set local maintenance_work_mem = '256MB'")
    for _, definition in indexes:
        connection.exec_driver_sql(definition)
    for table, name, definition in foreign_keys:
        connection.exec_driver_sql(f"alter table {table} add constraint {name} {definition}")


def analyze(connection: Connection) -> None:
    """Tell the planner what there is."""
    connection.execute(text("analyze"))


_FOREIGN_KEYS = """
select conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid)
from pg_constraint where contype = 'f' and conrelid = any(cast(:tables as regclass[]))
"""

_INDEXES = """
select indexrelid::regclass::text, pg_get_indexdef(indexrelid)
from pg_index where indrelid = any(cast(:tables as regclass[]))
and not exists (select 1 from pg_constraint where conindid = indexrelid)
"""
