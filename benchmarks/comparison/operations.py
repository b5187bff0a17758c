"""What is asked: the operations, in Starling's words and in PostGraphile's, and what of the world they name."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

BENCHMARKS = Path(__file__).parent.parent
READER, WRITER = "follows_50", "follows_500"
"""Who asks, and who publishes."""
PAGE = 50
NAMES = ("viewer", "feed", "profile", "thread", "wide", "search", "createPost")
"""In the order of the report."""


@dataclass(frozen=True)
class Operation:
    """One operation; `postgraphile` is the same in the words of its schema."""

    name: str
    person: str
    query: str
    variables: dict[str, Any]
    postgraphile: str
    postgraphile_variables: dict[str, Any]

    @property
    def writes(self) -> bool:
        """Whether it changes something."""
        return self.query.startswith("mutation")


def operations(connection: psycopg.Connection) -> list[Operation]:
    """All of them, in the order of the report."""
    stars = [handle for (handle,) in connection.execute(_STARS).fetchall()]
    [[profile]] = connection.execute(_PROFILE, [READER]).fetchall()
    [[post]] = connection.execute(_THREAD).fetchall()
    text = {"text": "astronomy village"}
    return [
        _operation("viewer", {}),
        _operation("feed", {"first": PAGE}, pageSize=PAGE + 1),
        _operation("profile", {"handle": profile}),
        _operation("thread", {"post": f"post_{post}"}, post=str(post)),
        _operation("wide", dict(zip("abcde", stars, strict=True))),
        _operation("search", text, pageSize=11),
        _operation("createPost", {"body": "A benchmark's post, as long as people's posts are." * 3}),
    ]


def _operation(name: str, variables: dict[str, Any], **for_postgraphile: Any) -> Operation:
    query = (BENCHMARKS / f"operations/{name}.graphql").read_text("utf-8")
    postgraphile = (BENCHMARKS / f"rivals/postgraphile/{name}.graphql").read_text("utf-8")
    person = WRITER if query.startswith("mutation") else READER
    return Operation(name, person, query, variables, postgraphile, variables | for_postgraphile)


_STARS = """
    select handle from users join user_counters on user_id = id order by followers desc, id limit 5
"""
_PROFILE = """
    select handle from users join user_counters on user_id = users.id join follows on followee_id = users.id
    where follower_id = (select id from users where handle = %s) and public_posts > 20 and not is_private
    order by followers desc, users.id limit 1
"""
_THREAD = """
    select posts.id from comments join posts on posts.id = post_id join users on users.id = posts.author_id
    where visibility = 'PUBLIC' and not is_private
    group by posts.id order by count(*) desc, posts.id limit 1
"""
