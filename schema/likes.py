"""Likes, of posts and of comments."""

from typing import Annotated

import strawberry

from domain.scopes import Scope
from resolvers import likes
from schema.comments import Comment
from schema.errors import InvalidInput, NotFound, NotSignedIn, RateLimited, mutation
from schema.posts import Post


@strawberry.input(description="A post to like.")
class LikePostInput:
    """A post to like."""

    post_id: strawberry.ID = strawberry.field(description="Any post that the viewer may see.")


@strawberry.input(description="A post to like no longer.")
class UnlikePostInput:
    """A post to like no longer."""

    post_id: strawberry.ID = strawberry.field(description="Any post that the viewer may see.")


@strawberry.input(description="A comment to like.")
class LikeCommentInput:
    """A comment to like."""

    comment_id: strawberry.ID = strawberry.field(description="Any comment that the viewer may see.")


@strawberry.input(description="A comment to like no longer.")
class UnlikeCommentInput:
    """A comment to like no longer."""

    comment_id: strawberry.ID = strawberry.field(description="Any comment that the viewer may see.")


@strawberry.type(description="The viewer likes the post; liking it twice counts once.")
class LikePostSuccess:
    """The viewer likes the post; liking it twice counts once."""

    post: Post = strawberry.field(description="The liked post.")


@strawberry.type(description="The viewer doesn't like the post any more.")
class UnlikePostSuccess:
    """The viewer doesn't like the post any more."""

    post: Post = strawberry.field(description="The post.")


@strawberry.type(description="The viewer likes the comment; liking it twice counts once.")
class LikeCommentSuccess:
    """The viewer likes the comment; liking it twice counts once."""

    comment: Comment = strawberry.field(description="The liked comment.")


@strawberry.type(description="The viewer doesn't like the comment any more.")
class UnlikeCommentSuccess:
    """The viewer doesn't like the comment any more."""

    comment: Comment = strawberry.field(description="The comment.")


LikePostResult = Annotated[
    LikePostSuccess | InvalidInput | NotSignedIn | NotFound | RateLimited,
    strawberry.union("LikePostResult", description="The post, or why nothing changed."),
]
UnlikePostResult = Annotated[
    UnlikePostSuccess | InvalidInput | NotSignedIn | NotFound | RateLimited,
    strawberry.union("UnlikePostResult", description="The post, or why nothing changed."),
]
LikeCommentResult = Annotated[
    LikeCommentSuccess | InvalidInput | NotSignedIn | NotFound | RateLimited,
    strawberry.union("LikeCommentResult", description="The comment, or why nothing changed."),
]
UnlikeCommentResult = Annotated[
    UnlikeCommentSuccess | InvalidInput | NotSignedIn | NotFound | RateLimited,
    strawberry.union("UnlikeCommentResult", description="The comment, or why nothing changed."),
]


@strawberry.type
class LikeMutations:
    """Likes, of posts and of comments."""

    like_post: LikePostResult = mutation(
        LikePostResult, likes.like_post, "Like a post.", takes=LikePostInput, scope=Scope.POSTS_WRITE
    )
    unlike_post: UnlikePostResult = mutation(
        UnlikePostResult,
        likes.unlike_post,
        "Take the like of a post back.",
        takes=UnlikePostInput,
        scope=Scope.POSTS_WRITE,
    )
    like_comment: LikeCommentResult = mutation(
        LikeCommentResult, likes.like_comment, "Like a comment.", takes=LikeCommentInput, scope=Scope.COMMENTS_WRITE
    )
    unlike_comment: UnlikeCommentResult = mutation(
        UnlikeCommentResult,
        likes.unlike_comment,
        "Take the like of a comment back.",
        takes=UnlikeCommentInput,
        scope=Scope.COMMENTS_WRITE,
    )
