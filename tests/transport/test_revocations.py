"""Ends that are heard of at one moment are told once."""

import asyncio

from domain.events import AccountChanged, MadePrivate, SessionRevoked
from domain.viewer import Viewer
from transport.revocations import Revocations


async def test_what_is_heard_at_a_moment_is_told_at_once_and_concerns_no_others():
    told = []
    revocations = Revocations(told.append)
    for event in (MadePrivate(3), SessionRevoked(1), SessionRevoked(2), AccountChanged(3)):
        revocations.hear(event)
    await asyncio.sleep(0)
    [concerns] = told
    concerned = Viewer(8, 1), Viewer(9, 2), Viewer(3, 5), Viewer(None, 2)
    others = Viewer(8, 3), Viewer(1, 7), Viewer(), Viewer(2, None)
    assert [concerns(each) for each in concerned + others] == [True] * 4 + [False] * 4
    revocations.hear(MadePrivate(3))
    revocations.hear(SessionRevoked(7))
    await asyncio.sleep(0)
    assert [concerns(Viewer(1, 7)) for concerns in told] == [False, True]
