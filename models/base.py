"""The declarative base, and the column types that every table shares."""

from datetime import datetime
from typing import Annotated

from sqlalchemy import BigInteger, DateTime, ForeignKey, MetaData, SmallInteger, Text, func, text
from sqlalchemy.orm import DeclarativeBase, mapped_column


class Base(DeclarativeBase):
    """Tables only: a relationship never loads itself, because there are none; loaders do that."""

    metadata = MetaData(
        naming_convention={
            "pk": "%(table_name)s_pkey",
            "fk": "%(table_name)s_%(column_0_name)s_fkey",
            "ix": "%(table_name)s_%(column_0_N_name)s_idx",
            "uq": "%(table_name)s_%(column_0_N_name)s_key",
            "ck": "%(table_name)s_%(constraint_name)s_check",
        }
    )
    type_annotation_map = {int: BigInteger, str: Text, datetime: DateTime(timezone=True)}


TimeOrderedId = Annotated[int, mapped_column(server_default=text("next_id()"))]
"""64 bits that sort by time of creation, made in the database: see migrations/versions and ADR 2."""

Id = Annotated[int, mapped_column(primary_key=True, server_default=text("next_id()"))]
CreatedAt = Annotated[datetime, mapped_column(server_default=func.now())]
UserRef = Annotated[int, mapped_column(ForeignKey("users.id", ondelete="CASCADE"))]
UserKey = Annotated[int, mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)]
PostRef = Annotated[int, mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))]
PostKey = Annotated[int, mapped_column(ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True)]
CommentKey = Annotated[int, mapped_column(ForeignKey("comments.id", ondelete="CASCADE"), primary_key=True)]

Slot = Annotated[int, mapped_column(SmallInteger, primary_key=True)]
"""Which of a row's counter rows: a count is the sum over slots, so that writers of a hot row don't queue."""

Count = Annotated[int, mapped_column(server_default=text("0"))]
