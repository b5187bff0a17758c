"""Comments in threads, the likes they got, and their counters."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CommentKey, Count, CreatedAt, Id, PostRef, Slot, UserKey, UserRef


class Comment(Base):
    """An answer to a post, or to another comment of the same post."""

    __tablename__ = "comments"

    id: Mapped[Id]
    post_id: Mapped[PostRef]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("comments.id", ondelete="CASCADE"))
    author_id: Mapped[UserRef] = mapped_column(index=True)
    depth: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    body: Mapped[str]
    created_at: Mapped[CreatedAt]
    edited_at: Mapped[datetime | None]

    __table_args__ = (
        Index("comments_top_level_idx", "post_id", "id", postgresql_where=text("parent_id IS NULL")),
        Index("comments_post_id_author_id_idx", "post_id", "author_id"),
        Index("comments_parent_id_id_idx", "parent_id", "id"),
    )


class CommentLike(Base):
    """Who liked which comment."""

    __tablename__ = "comment_likes"

    comment_id: Mapped[CommentKey]
    user_id: Mapped[UserKey] = mapped_column(index=True)
    created_at: Mapped[CreatedAt]


class CommentCounter(Base):
    """Counts of a comment, in slots."""

    __tablename__ = "comment_counters"

    comment_id: Mapped[CommentKey]
    slot: Mapped[Slot]
    likes: Mapped[Count]
    replies: Mapped[Count]
