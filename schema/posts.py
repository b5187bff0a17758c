"""Posts."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.scopes import Scope
from execution.fields import argument, column, loaded, paged
from loaders.comments import CommentOrder, CommentsOfPost
from loaders.posts import PostCounts, PostLikedByViewer
from loaders.users import UserById
from models import posts as models
from resolvers import posts
from schema.errors import Conflict, Forbidden, InvalidInput, NotFound, NotSignedIn, RateLimited, mutation
from schema.interfaces import Node, row_type
from schema.pages import LiveConnection
from schema.users import User

if TYPE_CHECKING:
    from schema.comments import CommentConnection


@row_type(models.Post, description="Something a person published.", scope=Scope.POSTS_READ)
class Post(Node):
    """Something a person published."""

    author: User = loaded(UserById, "Who published it.", by="author_id", public=True, shared=True)
    body: str = column("Plain text, 1–5,000 characters.")
    visibility: models.Visibility = column("Who may see it.")
    created_at: datetime = column("When it was published.")
    edited_at: datetime | None = column("When its text was last changed; null if never.")
    like_count: int = loaded(PostCounts, "How many like it.", by="id", take="likes", public=True)
    comment_count: int = loaded(
        PostCounts, "How many comments it has, replies included.", by="id", take="comments", public=True
    )
    viewer_has_liked: bool = loaded(PostLikedByViewer, "Whether the viewer likes it.", by="id")
    comments: Annotated["CommentConnection", strawberry.lazy("schema.comments")] = paged(
        CommentsOfPost,
        "Its top-level comments; what answers them is in their `replies`.",
        by="id",
        public=True,
        scope=Scope.COMMENTS_READ,
        order=argument(CommentOrder, "Which come first.", CommentOrder.NEWEST),
    )


@strawberry.type(description="One page of a list of posts.")
class PostConnection(LiveConnection[Post]):
    """One page of posts."""


@strawberry.input(description="A post to publish.")
class CreatePostInput:
    """A post to publish."""

    body: str = strawberry.field(description="Plain text, 1–5,000 characters, trimmed; line breaks are kept.")
    visibility: models.Visibility = strawberry.field(default=models.Visibility.PUBLIC, description="Who may see it.")
    client_mutation_id: str | None = strawberry.field(
        default=None,
        description="Your own id of this mutation, e.g. a UUID: sent again within a day, it publishes nothing twice.",
    )


@strawberry.input(description="A new text for a post.")
class EditPostInput:
    """A new text for a post."""

    post_id: strawberry.ID = strawberry.field(description="The viewer's own post.")
    body: str = strawberry.field(description="Plain text, 1–5,000 characters.")


@strawberry.input(description="A post to delete.")
class DeletePostInput:
    """A post to delete."""

    post_id: strawberry.ID = strawberry.field(description="The viewer's own post.")


@strawberry.type(description="The post is published.")
class CreatePostSuccess:
    """The post is published."""

    post: Post = strawberry.field(description="The new post.")


@strawberry.type(description="The post is changed.")
class EditPostSuccess:
    """The post is changed."""

    post: Post = strawberry.field(description="The changed post.")


@strawberry.type(description="The post is gone, its comments and likes with it.")
class DeletePostSuccess:
    """The post is gone."""

    deleted_id: strawberry.ID = strawberry.field(description="The id that the post had.")


CreatePostResult = Annotated[
    CreatePostSuccess | InvalidInput | NotSignedIn | Conflict | RateLimited | NotFound,
    strawberry.union("CreatePostResult", description="The new post, or why there is none."),
]
EditPostResult = Annotated[
    EditPostSuccess | InvalidInput | NotSignedIn | NotFound | Forbidden | RateLimited,
    strawberry.union("EditPostResult", description="The changed post, or why it wasn't changed."),
]
DeletePostResult = Annotated[
    DeletePostSuccess | InvalidInput | NotSignedIn | NotFound | Forbidden | RateLimited,
    strawberry.union("DeletePostResult", description="The id of the post that is gone, or why it isn't."),
]


@strawberry.type
class PostMutations:
    """What people do to posts."""

    create_post: CreatePostResult = mutation(
        CreatePostResult, posts.create_post, "Publish a post.", takes=CreatePostInput, scope=Scope.POSTS_WRITE
    )
    edit_post: EditPostResult = mutation(
        EditPostResult,
        posts.edit_post,
        "Change the text of the viewer's own post.",
        takes=EditPostInput,
        scope=Scope.POSTS_WRITE,
    )
    delete_post: DeletePostResult = mutation(
        DeletePostResult,
        posts.delete_post,
        "Delete the viewer's own post; a moderator, anybody's.",
        takes=DeletePostInput,
        scope=Scope.POSTS_WRITE,
    )
