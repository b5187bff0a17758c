"""What people do: post, answer, like. A few posts get most of it; nobody acts on what they may not see."""

from bisect import bisect
from collections import defaultdict
from collections.abc import Iterator
from itertools import accumulate
from random import Random
from typing import NamedTuple

from domain.seeding.bulk import Row
from domain.seeding.moments import HOUR, Ids, beginning, stamp
from domain.seeding.network import Network
from domain.seeding.words import Words
from models.posts import Visibility

FOR_FOLLOWERS, REPLIES = 0.05, 0.55
"""Shares: of posts, for followers only; of comments, to another comment."""
FRESH = 0.02
"""The newest share of posts, where most of the talk is."""
DEEPEST = 40


class Said(NamedTuple):
    """A comment that others may answer or like."""

    id: int
    author: int
    post: int
    depth: int
    moment: int


class Activity:
    """Posts, numbered by when they were written, and what happened to them. Takes one pass in the order of methods."""

    def __init__(self, random: Random, ids: Ids, now: int, network: Network, words: Words) -> None:
        self._random, self._make_id, self._now = random, ids.at, now
        self._network, self._words = network, words
        self._ids: list[int] = []
        self._authors: list[int] = []
        self._moments: list[int] = []
        self._restricted: list[bool] = []
        self._heat: list[float] = []
        self._said: list[Said] = []

    def posts(self, number: int) -> Iterator[Row]:
        """Ever more posts from day to day, in the order of time."""
        heat = 0.0
        for moment in self._course(beginning(self._now) + 2 * HOUR, number):
            author = self._network.speaker(moment)
            visibility = Visibility.FOLLOWERS if self._random.random() < FOR_FOLLOWERS else Visibility.PUBLIC
            heat += self._random.paretovariate(1.3) * (0.05 + self._network.renown(author))
            post = self._make_id(moment)
            self._ids.append(post)
            self._authors.append(author)
            self._moments.append(moment)
            self._restricted.append(visibility is Visibility.FOLLOWERS or author in self._network.private)
            self._heat.append(heat)
            yield post, self._network.ids[author], self._words.post(), visibility, stamp(moment)

    def comments(self, number: int) -> Iterator[Row]:
        """Threads of every depth, in the order of time."""
        threads: dict[int, list[Said]] = defaultdict(list)
        for moment in self._course(self._moments[0] + 1, number):
            post = self._talked_about(moment)
            parent = self._answered(threads[post])
            author = self._reader(post, moment)
            if parent and self._network.are_apart(author, parent.author):
                parent = None
            said = Said(self._make_id(moment), author, post, parent.depth + 1 if parent else 0, moment)
            threads[post].append(said)
            self._said.append(said)
            relations = (said.id, self._ids[post], parent and parent.id, self._network.ids[author])
            yield *relations, said.depth, self._words.comment(), stamp(moment)

    def post_likes(self, number: int) -> Iterator[Row]:
        """Likes by the posts' heat, post by post."""
        for post, share in enumerate(self._shares(self._heat, number)):
            likers = {self._reader(post, self._now) for _ in range(share)}
            for liker in sorted(likers):
                yield self._ids[post], self._network.ids[liker], self._later(self._moments[post], liker)

    def comment_likes(self, number: int) -> Iterator[Row]:
        """Likes of comments, a few of which get many."""
        heat = [*accumulate(self._random.paretovariate(1.3) for _ in self._said)]
        for said, share in zip(self._said, self._shares(heat, number), strict=True):
            likers = {self._reader(said.post, self._now) for _ in range(share)}
            for liker in sorted(likers):
                if not self._network.are_apart(liker, said.author):
                    yield said.id, self._network.ids[liker], self._later(said.moment, liker)

    def _course(self, begun: int, number: int) -> Iterator[int]:
        """Moments from then until now, ever denser, no two the same."""
        moment = begun
        for i in range(number):
            share = (i + self._random.random()) / number
            moment = max(moment + 1, begun + int((self._now - begun) * share**0.7))
            yield moment

    def _talked_about(self, moment: int) -> int:
        """A post from before then: mostly a recent one, mostly a hot one."""
        end = bisect(self._moments, moment - 1)
        start = 0 if self._random.random() < 0.2 else int(end * (1 - FRESH))
        coldest = self._heat[start - 1] if start else 0.0
        chosen = coldest + (self._heat[end - 1] - coldest) * self._random.random()
        return min(bisect(self._heat, chosen, start, end), end - 1)

    def _answered(self, thread: list[Said]) -> Said | None:
        """The comment that is answered, a recent one rather; None for the post itself."""
        if not thread or self._random.random() > REPLIES:
            return None
        said = thread[-1 - int(self._random.random() ** 2 * len(thread))]
        return said if said.depth < DEEPEST else None

    def _reader(self, post: int, moment: int) -> int:
        return self._network.reader(self._authors[post], moment, restricted=self._restricted[post])

    def _shares(self, heat: list[float], number: int) -> Iterator[int]:
        """How many of a number fall to each by its heat, which is given summed up."""
        given = 0
        for warmth in heat:
            due = int(number * warmth / heat[-1])
            yield due - given
            given = due

    def _later(self, moment: int, who: int) -> int:
        earliest = max(moment, self._network.joined[who])
        return stamp(earliest + int((self._now - earliest) * self._random.random() ** 3))
