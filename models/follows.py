"""Who follows, asks to follow, or blocks whom."""

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped

from models.base import Base, CreatedAt, TimeOrderedId, UserKey


class Follow(Base):
    """An accepted follow. Requests stand elsewhere, so that no feed needs to filter them out."""

    __tablename__ = "follows"

    follower_id: Mapped[UserKey]
    followee_id: Mapped[UserKey]
    id: Mapped[TimeOrderedId]
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        CheckConstraint("follower_id <> followee_id", name="not_oneself"),
        Index("follows_followee_id_follower_id_idx", "followee_id", "follower_id"),
        Index("follows_followee_id_id_idx", "followee_id", "id"),
        Index("follows_follower_id_id_idx", "follower_id", "id"),
    )


class FollowRequest(Base):
    """A follow of a private user that waits to be accepted."""

    __tablename__ = "follow_requests"

    follower_id: Mapped[UserKey]
    followee_id: Mapped[UserKey]
    id: Mapped[TimeOrderedId]
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        CheckConstraint("follower_id <> followee_id", name="not_oneself"),
        Index("follow_requests_followee_id_id_idx", "followee_id", "id"),
    )


class Block(Base):
    """Hides both from each other."""

    __tablename__ = "blocks"

    blocker_id: Mapped[UserKey]
    blocked_id: Mapped[UserKey]
    id: Mapped[TimeOrderedId]
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        CheckConstraint("blocker_id <> blocked_id", name="not_oneself"),
        Index("blocks_blocked_id_blocker_id_idx", "blocked_id", "blocker_id"),
    )
