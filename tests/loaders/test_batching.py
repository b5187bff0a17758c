"""A screen is a fixed handful of statements, whatever is on it."""

import pytest

from core.database import Database
from models.comments import Comment, CommentLike
from models.posts import Post
from tests import factories
from tests.api import Api, Person, Statements

FEED = """query ($first: Int!) { feed(first: $first) { nodes {
    id body likeCount commentCount viewerHasLiked author { id handle name }
    comments(first: 3) { nodes { id body likeCount replyCount viewerHasLiked author { id handle } } } } } }"""
PROFILE = """query ($handle: String!, $first: Int!) { user(handle: $handle) {
    id postCount followerCount followingCount viewerFollow followsViewer viewerHasBlocked
    posts(first: $first) { nodes { id likeCount commentCount viewerHasLiked } }
    followers(first: $first) { nodes { id handle followerCount viewerFollow } } } }"""
THREAD = """query ($id: ID!, $first: Int!) { node(id: $id) { ... on Post { id author { id }
    comments(first: $first) { nodes { ...Said replies(first: 3) { nodes { ...Said
    replies(first: 3) { nodes { ...Said replies(first: 3) { nodes { ...Said } } } } } } } } } } }
    fragment Said on Comment { id body likeCount replyCount viewerHasLiked author { id handle } }"""
LATEST = """query ($first: Int!) { latest(first: $first) { nodes {
    id author { id followerCount } likeCount viewerHasLiked } } }"""
SEARCH = """query ($first: Int!, $text: String!, $kind: SearchKind!) {
    search(text: $text, kind: $kind, first: $first) { nodes {
    ... on Post { id author { id handle } likeCount } ... on User { id postCount viewerFollow } } } }"""


class World:
    """A viewer who follows twelve, sixty posts by them, talked about by three."""

    def __init__(self, viewer: Person, followees: list[int], posts: list[int]) -> None:
        self.viewer, self.followees, self.posts = viewer, followees, posts

    @classmethod
    async def build(cls, db: Database) -> "World":
        viewer = await factories.person(db)
        followees = await factories.users(db, 12, name="Batch Ling")
        await factories.follow(db, [viewer.number], followees)
        await factories.follow(db, followees, followees)
        posts = await factories.posts(db, [*followees] * 5, body="batchling")
        await factories.like(db, [viewer.number, *followees], posts[::2])
        beneath: list[tuple[int, int | None]] = [(post, None) for post in posts]
        for depth in range(4):
            rows = [
                {"post_id": post, "parent_id": parent, "author_id": author, "depth": depth}
                for post, parent in beneath
                for author in followees[:3]
            ]
            made = await factories.make(db, Comment, rows)
            await factories.make(db, CommentLike, [{"comment_id": each, "user_id": viewer.number} for each in made])
            beneath = [(row["post_id"], each) for row, each in zip(rows, made, strict=True) if row["post_id"] == posts[0]]
        return cls(viewer, followees, posts)


@pytest.fixture(scope="module")
async def world(db: Database) -> World:
    return await World.build(db)
