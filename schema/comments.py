"""Comments."""

from datetime import datetime
from typing import Annotated, Optional

import strawberry

from domain.scopes import Scope
from execution.fields import argument, column, loaded, paged
from loaders.comments import CommentById, CommentCounts, CommentLikedByViewer, CommentOrder, RepliesOfComment
from loaders.posts import PostById
from loaders.users import UserById
from models import comments as models
from resolvers import comments
from schema.errors import Conflict, Forbidden, InvalidInput, NotFound, NotSignedIn, RateLimited, mutation
from schema.interfaces import Node, row_type
from schema.pages import LiveConnection
from schema.posts import Post
from schema.users import User


@row_type(
    models.Comment,
    description="An answer to a post, or to another comment of the same post.",
    scope=Scope.COMMENTS_READ,
)
class Comment(Node):
    """An answer to a post, or to another comment of it."""

    post: Post = loaded(PostById, "The post that it belongs to.", by="post_id", public=True, shared=True)
    author: User = loaded(UserById, "Who wrote it.", by="author_id", public=True, shared=True)
    parent: Optional["Comment"] = loaded(
        CommentById,
        "The comment that it answers; null at top level, or where the viewer may not see it.",
        by="parent_id",
        public=True,
    )
    depth: int = column("How many comments stand above it: 0 at top level, at most 100.")
    body: str = column("Plain text, 1–2,000 characters.")
    created_at: datetime = column("When it was written.")
    edited_at: datetime | None = column("When its text was last changed; null if never.")
    reply_count: int = loaded(CommentCounts, "How many answer it directly.", by="id", take="replies", public=True)
    like_count: int = loaded(CommentCounts, "How many like it.", by="id", take="likes", public=True)
    viewer_has_liked: bool = loaded(CommentLikedByViewer, "Whether the viewer likes it.", by="id")
    replies: "CommentConnection" = paged(
        RepliesOfComment,
        "What answers it directly.",
        by="id",
        public=True,
        order=argument(CommentOrder, "Which come first.", CommentOrder.OLDEST),
    )


@strawberry.type(description="One page of a list of comments.")
class CommentConnection(LiveConnection[Comment]):
    """One page of comments."""


@strawberry.input(description="A comment to write.")
class AddCommentInput:
    """A comment to write."""

    post_id: strawberry.ID = strawberry.field(description="The post to answer.")
    parent_id: strawberry.ID | None = strawberry.field(
        default=None, description="The comment of the same post to answer; left out, the post itself."
    )
    body: str = strawberry.field(description="Plain text, 1–2,000 characters, trimmed; line breaks are kept.")
    client_mutation_id: str | None = strawberry.field(
        default=None,
        description="Your own id of this mutation, e.g. a UUID: sent again within a day, it writes nothing twice.",
    )


@strawberry.input(description="A new text for a comment.")
class EditCommentInput:
    """A new text for a comment."""

    comment_id: strawberry.ID = strawberry.field(description="The viewer's own comment.")
    body: str = strawberry.field(description="Plain text, 1–2,000 characters.")


@strawberry.input(description="A comment to delete.")
class DeleteCommentInput:
    """A comment to delete."""

    comment_id: strawberry.ID = strawberry.field(description="The viewer's own comment, or one of the viewer's post.")


@strawberry.type(description="The comment is written.")
class AddCommentSuccess:
    """The comment is written."""

    comment: Comment = strawberry.field(description="The new comment.")


@strawberry.type(description="The comment is changed.")
class EditCommentSuccess:
    """The comment is changed."""

    comment: Comment = strawberry.field(description="The changed comment.")


@strawberry.type(description="The comment is gone, and the replies beneath it.")
class DeleteCommentSuccess:
    """The comment is gone."""

    deleted_id: strawberry.ID = strawberry.field(description="The id that the comment had.")


AddCommentResult = Annotated[
    AddCommentSuccess | InvalidInput | NotSignedIn | NotFound | Conflict | RateLimited,
    strawberry.union("AddCommentResult", description="The new comment, or why there is none."),
]
EditCommentResult = Annotated[
    EditCommentSuccess | InvalidInput | NotSignedIn | NotFound | Forbidden | RateLimited,
    strawberry.union("EditCommentResult", description="The changed comment, or why it wasn't changed."),
]
DeleteCommentResult = Annotated[
    DeleteCommentSuccess | InvalidInput | NotSignedIn | NotFound | Forbidden | RateLimited,
    strawberry.union("DeleteCommentResult", description="The id of the comment that is gone, or why it isn't."),
]


@strawberry.type
class CommentMutations:
    """What people do to comments."""

    add_comment: AddCommentResult = mutation(
        AddCommentResult,
        comments.add_comment,
        "Answer a post, or a comment of it.",
        takes=AddCommentInput,
        scope=Scope.COMMENTS_WRITE,
    )
    edit_comment: EditCommentResult = mutation(
        EditCommentResult,
        comments.edit_comment,
        "Change the text of the viewer's own comment.",
        takes=EditCommentInput,
        scope=Scope.COMMENTS_WRITE,
    )
    delete_comment: DeleteCommentResult = mutation(
        DeleteCommentResult,
        comments.delete_comment,
        "Delete the viewer's own comment, or one of the viewer's post, with the replies beneath it; a moderator, "
        "anybody's.",
        takes=DeleteCommentInput,
        scope=Scope.COMMENTS_WRITE,
    )
