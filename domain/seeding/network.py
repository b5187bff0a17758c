"""Who is there, and who stands how to whom: a few stars, a long tail, private people, and some who don't get along."""

from bisect import bisect
from collections.abc import Iterator
from heapq import nlargest
from itertools import accumulate
from math import log
from random import Random

from domain.seeding.bulk import Row
from domain.seeding.moments import HOUR, Ids, beginning, moment_of, stamp
from domain.seeding.words import Words, handle_of
from models.base import Base
from models.follows import Follow
from models.users import User

MEASURED = (50, 500, 5_000)
"""For each, somebody whose handle says that they follow so many: for benchmarks/feed.py."""
FEWEST = 50
FOUNDERS, PRIVATE, BLOCKS = 0.2, 0.05, 0.01
"""Shares of users: there from the start, private, blocking somebody."""


class Network:
    """People, numbered by when they joined: the demo world's, those who are measured, then the crowd.

    Only the crowd is made to talk. `ids`, `joined` and `private` go by a person's number.
    """

    def __init__(self, random: Random, ids: Ids, now: int, users: int, demo_rows: dict[type[Base], list[Row]]) -> None:
        self._random, self._make_id, self._now = random, ids.at, now
        self.ids = [row[0] for row in demo_rows[User]]
        self._demo = len(self.ids)
        self._measured = [number for number in MEASURED if users > number]
        self._first = self._demo + len(self._measured)
        self.joined = [*map(moment_of, self.ids), *(self._join(i, users) for i in range(self._demo, users))]
        self.ids += map(self._make_id, self.joined[self._demo :])
        self.private = {i for i in range(self._first, users) if random.random() < PRIVATE}
        self._popular = self._popularity(users)
        self._reach = [*accumulate(self._popular)]
        eagerness = [0.0] * self._first + [random.paretovariate(1.2) for _ in range(self._first, users)]
        self._eagerness = [*accumulate(eagerness)]
        self._curiosity = [*accumulate([*[1.0] * self._demo, *eagerness[self._demo :]])]
        self._blocked: set[int] = set()
        self._follows: set[int] = set()
        self._audiences: list[list[int]] = [[] for _ in range(users)]
        numbers = {id_: i for i, id_ in enumerate(self.ids)}
        for follower, followee, *_ in demo_rows[Follow]:
            self._follows.add(self._pair(numbers[follower], numbers[followee]))

    def users(self, words: Words) -> Iterator[Row]:
        """The people that the demo world doesn't have."""
        for number, i in zip(self._measured, range(self._demo, self._first), strict=True):
            bio = f"Follows {number:,} people, to see how long that takes."
            yield self.ids[i], f"follows_{number}", f"Follower of {number:,}", bio, False, stamp(self.joined[i])
        for i in range(self._first, len(self.ids)):
            name = words.name()
            yield self.ids[i], f"{handle_of(name)}{i}", name, words.bio(), i in self.private, stamp(self.joined[i])

    def blocks(self) -> Iterator[Row]:
        """Some of the crowd who block each other; to be taken before the follows."""
        for _ in range(int(len(self.ids) * BLOCKS)):
            one, other = (self._random.randrange(self._first, len(self.ids)) for _ in range(2))
            if one != other and not self.are_apart(one, other):
                self._blocked |= {self._pair(one, other), self._pair(other, one)}
                yield self._relation(one, other)

    def follows(self, number: int) -> Iterator[Row]:
        """So many new follows, not less than those that are measured; in the order of who follows whom."""
        drawn: set[int] = set()
        for who, followees in zip(range(self._demo, self._first), self._measured, strict=True):
            drawn.update(self._pair(who, other) for other in self._best_known(who, followees))
        while len(drawn) < number:
            follower, followee = self._draw(self._curiosity), self._draw(self._reach)
            pair = self._pair(follower, followee)
            if follower != followee and pair not in self._blocked and pair not in self._follows:
                drawn.add(pair)
        self._follows |= drawn
        for pair in sorted(drawn):
            follower, followee = divmod(pair, len(self.ids))
            if follower >= self._first:
                self._audiences[followee].append(follower)
            yield self._relation(follower, followee)

    def requests(self) -> Iterator[Row]:
        """Some who wait to be accepted by a private person."""
        for followee in sorted(self.private):
            for follower in {self._draw(self._eagerness) for _ in range(self._random.randrange(5))} - {followee}:
                if not self.follow(follower, followee) and not self.are_apart(follower, followee):
                    yield self._relation(follower, followee)

    def follow(self, follower: int, followee: int) -> bool:
        """Whether one follows the other."""
        return self._pair(follower, followee) in self._follows

    def are_apart(self, one: int, other: int) -> bool:
        """Whether a block stands between the two."""
        return self._pair(one, other) in self._blocked

    def renown(self, who: int) -> float:
        """How well known somebody is: 1 for the first star, less for the others."""
        return self._popular[who] / self._popular[0]

    def speaker(self, moment: int) -> int:
        """Somebody of the crowd who was there by then, the eager ones more often."""
        return bisect(self._eagerness, self._random.random() * self._eagerness[bisect(self.joined, moment) - 1])

    def reader(self, author: int, moment: int, *, restricted: bool) -> int:
        """Somebody of the crowd who may see what the author wrote, often a follower; else the author."""
        chance, audience = self._random.random(), self._audiences[author]
        if audience and (restricted or chance < 0.6):
            who = audience[int(self._random.random() * len(audience))]
        else:
            who = author if restricted else self.speaker(moment)
        return author if self.joined[who] > moment or self.are_apart(who, author) else who

    def _join(self, i: int, users: int) -> int:
        first, last = beginning(self._now) + HOUR, self._now - HOUR
        return first + i + int((last - first) * max(0.0, i / users - FOUNDERS) / (1 - FOUNDERS))

    def _popularity(self, users: int) -> list[float]:
        """By Zipf, a little flattened; the demo world's people are well known, the others in no order."""
        crowd = [1 / (rank + 10) ** 0.8 for rank in range(self._demo, users)]
        self._random.shuffle(crowd)
        return [1 / (rank + 10) ** 0.8 for rank in range(self._demo)] + crowd

    def _best_known(self, who: int, number: int) -> list[int]:
        """A draw without replacement, weighted (Efraimidis and Spirakis 2006)."""
        others = (i for i in range(len(self.ids)) if i != who)
        return nlargest(number, others, key=lambda i: log(self._random.random()) / self._popular[i])

    def _draw(self, weights: list[float]) -> int:
        return bisect(weights, self._random.random() * weights[-1])

    def _pair(self, one: int, other: int) -> int:
        return one * len(self.ids) + other

    def _relation(self, one: int, other: int) -> Row:
        earliest = max(self.joined[one], self.joined[other])
        moment = earliest + int((self._now - earliest) * self._random.random())
        return self.ids[one], self.ids[other], self._make_id(moment), stamp(moment)
