"""A big world for measuring and trying things out: skewed like real networks, always the same for the same seed."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import chain
from random import Random

from domain import demo
from domain.seeding import bulk
from domain.seeding.activity import Activity
from domain.seeding.bulk import Row
from domain.seeding.moments import Ids, milliseconds
from domain.seeding.network import FEWEST, Network
from domain.seeding.words import Words
from models.base import Base
from models.comments import Comment, CommentLike
from models.follows import Block, Follow, FollowRequest
from models.posts import Post, PostLike
from models.users import Account, User

Progress = Callable[[str, int, int], None]
"""Is told what is being made, how much of it there is, and of how much."""
STEP = 2_000

Tables = Iterator[tuple[type[Base], int, Iterable[Row]]]


class InhabitedError(Exception):
    """The database has users already."""


def seed(
    database_url: str,
    *,
    users: int,
    posts: int,
    comments: int,
    follows: int,
    likes: int | None = None,
    seed: int = 1,
    now: datetime | None = None,
    reset: bool = False,
    progress: Progress = lambda *_: None,
) -> None:
    """Fill an empty, migrated database with the demo world and a crowd around it.

    The numbers are of all rows, and not less than what the demo world and those who are measured need; `likes` are at
    most so many, by default four for each post. `reset` removes what there is. Raises InhabitedError, and ValueError
    for numbers that can't be.
    """
    if users < FEWEST:
        raise ValueError(f"A world has at least {FEWEST} users: {users} is too few.")
    if follows > users * (users - 1) // 2:
        raise ValueError(f"{users:,} users can't follow one another {follows:,} times and stay a network with a tail.")
    moment = milliseconds(now or datetime.now(UTC).replace(minute=0, second=0, microsecond=0))
    likes = 4 * posts if likes is None else likes
    numbers = {User: users, Post: posts, Comment: comments, Follow: follows, PostLike: likes}
    with bulk.filling(database_url) as connection:
        if bulk.is_inhabited(connection) and not reset:
            raise InhabitedError
        bulk.clear(connection)
        with bulk.without_indexes(connection):
            for model, total, rows in _tables(Random(seed), moment, numbers):  # noqa: S311
                bulk.copy(connection, model, _told(progress, model, total, rows), frozen=True)
            progress("counters", 0, 0)
            bulk.count(connection)
            progress("indexes", 0, 0)
        bulk.analyze(connection)


def _tables(random: Random, now: int, numbers: dict[type[Base], int]) -> Tables:
    """Each table's rows, to be taken in this order: what comes later looks at what came before."""
    ids, words = Ids(), Words(random)
    world = demo.rows(now, ids)
    left = {model: max(1, number - len(world[model])) for model, number in numbers.items()}
    network = Network(random, ids, now, numbers[User], world)
    activity = Activity(random, ids, now, network, words)
    people = list(network.users(words))

    yield User, numbers[User], [*world[User], *people]
    yield (
        Account,
        numbers[User],
        [*world[Account], *(demo.account(user, handle, joined) for user, handle, *_, joined in people)],
    )
    yield Block, 0, network.blocks()
    yield Follow, left[Follow], chain(world[Follow], network.follows(left[Follow]))
    yield FollowRequest, 0, chain(world[FollowRequest], network.requests())
    yield Post, left[Post], chain(world[Post], activity.posts(left[Post]))
    yield Comment, left[Comment], chain(world[Comment], activity.comments(left[Comment]))
    of_comments = left[PostLike] // 4
    of_posts = left[PostLike] - of_comments
    yield PostLike, of_posts, chain(world[PostLike], activity.post_likes(of_posts))
    yield CommentLike, of_comments, chain(world[CommentLike], activity.comment_likes(of_comments))


def _told(progress: Progress, model: type[Base], total: int, rows: Iterable[Row]) -> Iterator[Row]:
    name, number = model.__tablename__.replace("_", " "), 0
    progress(name, 0, total)
    for number, row in enumerate(rows, 1):
        yield row
        if number % STEP == 0:
            progress(name, number, max(number, total))
    progress(name, number, number)
