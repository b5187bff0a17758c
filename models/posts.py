"""Posts, the likes they got, and their counters."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Computed, Index
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Count, CreatedAt, Id, PostKey, Slot, UserKey, UserRef


class Visibility(StrEnum):
    """Who may see a post, its author's privacy and blocks aside."""

    PUBLIC = "PUBLIC"
    FOLLOWERS = "FOLLOWERS"


class Post(Base):
    """Something a person published."""

    __tablename__ = "posts"

    id: Mapped[Id]
    author_id: Mapped[UserRef]
    body: Mapped[str]
    visibility: Mapped[str]
    created_at: Mapped[CreatedAt]
    edited_at: Mapped[datetime | None]
    search: Mapped[str] = mapped_column(
        TSVECTOR, Computed("to_tsvector('simple', body)", persisted=True), deferred=True
    )

    __table_args__ = (
        CheckConstraint("visibility in ('PUBLIC', 'FOLLOWERS')", name="visibility"),
        Index("posts_author_id_id_idx", "author_id", "id"),
        Index("posts_search_idx", "search", postgresql_using="gin"),
    )


class PostLike(Base):
    """Who liked which post."""

    __tablename__ = "post_likes"

    post_id: Mapped[PostKey]
    user_id: Mapped[UserKey] = mapped_column(index=True)
    created_at: Mapped[CreatedAt]


class PostCounter(Base):
    """Counts of a post, in slots."""

    __tablename__ = "post_counters"

    post_id: Mapped[PostKey]
    slot: Mapped[Slot]
    likes: Mapped[Count]
    comments: Mapped[Count]
