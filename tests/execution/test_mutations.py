"""Every mutation through both executors, each on a database of its own: alike in answers and in what they leave."""

import os
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from sqlalchemy import func, literal, select, union_all

from core import redis
from core.database import Database
from core.limits import Allowance, Limiter
from domain.demo import seed_demo
from domain.device import Device
from domain.viewer import Viewer
from execution.admission import Limits
from execution.compiled import Plans
from execution.documents import Documents
from execution.executor import Executor
from execution.reference import Reference
from loaders.context import Context, Services
from models.base import Base
from models.comments import Comment
from models.posts import Post
from models.users import Role, User
from schema.root import schema
from tests.conftest import clone_database, database_at, drop_database
from tests.execution.conftest import SERVING, Hub
from tests.execution.faults import Faults
from tests.execution.oracle import all_shown, text

DOCUMENTS = Documents(schema._schema, Limits())
OWN = re.compile(r'\d{15,}|"\d{4}-\d\d-\d\d[^"]*"|"[\w-]+\.[\w-]+\.[\w-]+"|(?<="refreshToken": )"[^"]+"')
"""What each database makes up for itself: ids, times and tokens."""

FAILED = "... on Error { __typename code message }"
POST = "post { body visibility likeCount commentCount viewerHasLiked author { handle postCount } }"
USER = "user { handle viewerFollow followsViewer viewerHasBlocked followerCount }"
COMMENT = (
    "comment { body depth likeCount viewerHasLiked author { handle } post { commentCount } parent { replyCount } }"
)
STANDING = "user { handle role suspension { reason until } }"
ADMIN = "charles"
SESSION = "session { accessToken refreshToken expiresIn viewer { handle name } }"


def field_(name: str, select: str, given: str = "") -> str:
    """One mutation of a document, with its answer whatever it is."""
    kind = name[0].upper() + name[1:]
    given = f"(input: {{ {given} }})" if given else ""
    return f"{name}{given} {{ __typename ... on {kind}Success {{ {select} }} {FAILED} }}"


@dataclass
class Side:
    """One executor with a database of its own."""

    executor: Executor
    db: Database
    services: Services
    people: dict[str, int] = field(default_factory=dict)

    async def answer(self, query: str, handle: str | None, faults: int | None, variables: dict[str, Any]) -> Any:
        """What a client is told, but for what the database made up."""
        role = Role.ADMIN if handle == ADMIN else Role.USER
        viewer = Viewer(self.people[handle], 1, role=role) if handle else Viewer()
        context = Faulty(self.services, viewer, Device("here"), 7, Allowance(100, 93, 1, 0, True))
        context.fail(faults)
        result = await self.executor.execute(DOCUMENTS.get(query), context, variables)
        return OWN.sub("…", text(result.data)), OWN.sub("…", repr(all_shown(result))), await self.rows()

    async def rows(self) -> dict[str, int]:
        """How many rows each table has."""
        tables = Base.metadata.tables
        each = (select(literal(name).label("name"), func.count()).select_from(tables[name]) for name in tables)
        return dict(await self.db.read(union_all(*each)))


class Alike(Faults):
    """Faults that don't depend on ids, which differ on the two sides: all keys of a loader fail alike."""

    def _dice(self, *what: Any) -> int:
        return Faults._dice(self, what[0]) // 2


@dataclass(slots=True)
class Faulty(Context):
    """An operation whose loaders fail now and then, those after a change included."""

    faults: int | None = None

    def fail(self, faults: int | None) -> None:
        """Fail from now on, by this seed."""
        self.faults = faults
        self.act_as(self.viewer)

    def act_as(self, viewer: Viewer) -> None:
        """Go on as this viewer."""
        Context.act_as(self, viewer)
        if self.faults is not None:
            self.loaders = Alike(self.loaders, self.faults)  # type: ignore[assignment]


@pytest.fixture
async def sides(app, servers, template, redis_url, worker_number) -> AsyncIterator[Callable[..., Any]]:
    """Asks both sides, and gives what they agree on."""
    maintenance, _ = servers
    names = [f"starling_{side}_{os.getpid()}_{worker_number}" for side in ("ours", "theirs")]
    cache = redis.connect(redis_url)
    both = []
    async with AsyncExitStack() as stack:
        stack.push_async_callback(cache.aclose)
        with psycopg.connect(maintenance, autocommit=True) as connection:
            for name, kind in zip(names, (Plans, Reference), strict=True):
                clone_database(connection, template, name)
                seed_demo(database_at(maintenance, name), now=SERVING)
                db = Database(database_at(maintenance, name), pool_timeout=10)
                await db.open()
                stack.push_async_callback(db.close)
                side = Side(kind(schema._schema), db, Services(db, Hub(), Limiter(cache)))  # type: ignore[arg-type]
                side.people = {row.handle: row.id for row in await db.read(select(User))}
                both.append(side)

            async def ask(query: str, handle: str | None = "ada", faults: int | None = None, **variables: Any) -> str:
                ours, theirs = [await side.answer(query, handle, faults, variables) for side in both]
                assert ours == theirs
                return ours[0]

            ask.ids = await ids(both[0])  # type: ignore[attr-defined]
            yield ask
            await stack.aclose()
            for name in names:
                drop_database(connection, name)


async def ids(side: Side) -> dict[str, str]:
    """What the mutations are about: the same on both sides, since it was seeded."""
    ada, grace = side.people["ada"], side.people["grace"]
    found = {f"user_of_{name}": f"user_{number}" for name, number in side.people.items()}
    for name, number in (("mine", ada), ("theirs", grace)):
        post = (await side.db.read(select(Post).where(Post.author_id == number).order_by(Post.id)))[0]
        comment = (await side.db.read(select(Comment).where(Comment.author_id == number).order_by(Comment.id)))[0]
        found |= {f"post_{name}": f"post_{post.id}", f"comment_{name}": f"comment_{comment.id}"}
    return found


NEW_APP, AT = "created { app { name scopes keepsSecret forDevices previousSecretUntil } }", ("https", "http")
NEW = '{ name: "Eve", handle: "%s", email: "%s@example.org", password: "correct horse" }'
ASKED = ('name: "CI", scopes: ["posts:read", "feed:read"]', 'name: "CI", scopes: ["account"]')
NOW, NEXT = ("starling", "staple of a horse"), "staple of a horse"
SCRIPT = [
    ("ada", [("createPost", POST, 'body: "One.", clientMutationId: "1"'), ("createPost", POST, 'body: ""')]),
    ("ada", [("createPost", POST, 'body: "One.", clientMutationId: "1"'), ("createPost", POST, 'body: "2"')]),
    (None, [("createPost", POST, 'body: "One."'), ("likePost", POST, 'postId: "{post_mine}"')]),
    ("ada", [("editPost", POST, 'postId: "{post_mine}", body: "Two."'), ("editPost", POST, 'postId: "x", body: ""')]),
    ("ada", [("editPost", POST, 'postId: "{post_theirs}", body: "Two."'), ("likePost", POST, 'postId: "post_1"')]),
    ("ada", [("likePost", POST, 'postId: "{post_theirs}"'), ("unlikePost", POST, 'postId: "{post_theirs}"')]),
    ("ada", [("addComment", COMMENT, 'postId: "{post_theirs}", body: "Well."')] * 2),
    ("ada", [("editComment", COMMENT, 'commentId: "{comment_mine}", body: "Hm."')]),
    ("ada", [("likeComment", COMMENT, 'commentId: "{comment_theirs}"')] * 2),
    ("ada", [("unlikeComment", COMMENT, 'commentId: "{comment_theirs}"')]),
    ("ada", [("deleteComment", "deletedId", 'commentId: "{comment_theirs}"')]),
    ("ada", [("deleteComment", "deletedId", 'commentId: "{comment_mine}"')] * 2),
    ("ada", [("acceptFollow", USER, 'userId: "{user_of_charles}"'), ("acceptFollow", USER, 'userId: "user_1"')]),
    ("ada", [("declineFollow", USER, 'userId: "{user_of_charles}"'), ("followUser", USER, 'userId: "{user_of_ada}"')]),
    ("ada", [("unfollowUser", USER, 'userId: "{user_of_grace}"'), ("followUser", USER, 'userId: "{user_of_grace}"')]),
    ("ada", [("blockUser", USER, 'userId: "{user_of_alan}"'), ("followUser", USER, 'userId: "{user_of_alan}"')]),
    ("ada", [("unblockUser", USER, 'userId: "{user_of_alan}"'), ("followUser", USER, 'userId: "{user_of_alan}"')]),
    ("ada", [("updateProfile", USER, 'name: "A.", bio: null'), ("updateProfile", USER, "isPrivate: null")]),
    (None, [("signIn", SESSION, 'login: "ada", password: "starling"'), ("signIn", SESSION, 'login: "", password: ""')]),
    (None, [("signUp", SESSION, NEW % ("eve", "eve")), ("signUp", SESSION, NEW % ("ada", "ada"))]),
    (None, [("createCaptchaChallenge", "challenge { provider siteKey }", "")]),
    (ADMIN, [("suspendUser", STANDING, 'userId: "{user_of_alan}", reason: "Spam."')] * 2),
    (ADMIN, [("reinstateUser", STANDING, 'userId: "{user_of_alan}"'), ("reinstateUser", STANDING, 'userId: "user_1"')]),
    (ADMIN, [("setRole", STANDING, 'userId: "{user_of_ada}", role: MODERATOR')]),
    ("ada", [("setRole", STANDING, 'userId: "{user_of_ada}", role: ADMIN')]),
    (None, [("refreshSession", SESSION, 'refreshToken: "no"'), ("signOut", "signedOut", "")]),
    ("ada", [("signOut", "signedOut", ""), ("createPost", POST, 'body: "Gone."')]),
    (None, [("verifyEmail", "verified", 'token: "no"'), ("resetPassword", "reset", 'token: "no", password: "no"')]),
    (None, [("requestPasswordReset", "requested", f'email: "{who}@starling.example"') for who in ("ada", "nobody")]),
    ("ada", [("changePassword", "changed", f'currentPassword: "{now}", newPassword: "{NEXT}"') for now in NOW]),
    ("ada", [("changeEmail", "requested", f'email: "ada@example.org", password: "{now}"') for now in NOW]),
    ("ada", [("resendVerification", "sent", "")]),
    (
        "ada",
        [("beginTotp", "totp { qrSvg }", given) for given in ('password: "no"', f'password: "{NOW[0]}"', "code: null")],
    ),
    ("ada", [(each, "__typename", 'code: "123456"') for each in ("confirmTotp", "disableTotp", "newRecoveryCodes")]),
    (
        "ada",
        [("beginPasskey", "__typename", 'password: "no"'), ("addPasskey", "__typename", 'name: "A", credential: "no"')],
    ),
    ("ada", [("renamePasskey", "__typename", f'passkeyId: "passkey_1", name: "{each}"') for each in ("A", "")]),
    ("ada", [("removePasskey", "deletedId", 'passkeyId: "passkey_1"')] * 2),
    ("ada", [("unlinkIdentity", "deletedId", 'identityId: "identity_1"')]),
    (None, [("beginPasskeySignIn", "__typename", ""), ("signInWithPasskey", SESSION, 'credential: "no"')]),
    ("ada", [("createPersonalToken", "created { personalToken { name scopes } }", each) for each in ASKED]),
    ("ada", [("revokePersonalToken", "revokedId", f'personalTokenId: "{each}"') for each in ("session_1", "post_1")]),
    ("ada", [("endSession", "endedId", 'sessionId: "session_1"'), ("endOtherSessions", "ended", "")]),
    (None, [("completeSignIn", SESSION, 'challenge: "no", code: "no"')]),
    ("ada", [("createApp", NEW_APP, f'name: "A", keepsSecret: true, redirectUris: ["{at}://a.example"]') for at in AT]),
    ("ada", [(each, "__typename", 'appId: "app_1"') for each in ("updateApp", "rotateAppSecret", "deleteApp")]),
    ("ada", [("deauthorizeApp", "appId", 'appId: "app_1"')]),
    ("grace", [("deletePost", "deletedId", 'postId: "{post_theirs}"')] * 2),
]


def document(fields: list[tuple[str, str, str]], ids: dict[str, str]) -> str:
    """The mutations one after the other, each by a name of its own."""
    parts = []
    for number, (name, selected, given) in enumerate(fields):
        for key, value in ids.items():
            given = given.replace("{" + key + "}", value)
        parts.append(f"m{number}: {field_(name, selected, given.strip('{} '))}")
    return "mutation { " + " ".join(parts) + " }"


def test_no_mutation_is_left_out():
    assert schema._schema.mutation_type
    assert {name for _, fields in SCRIPT for name, *_ in fields} == set(schema._schema.mutation_type.fields)


@pytest.mark.slow
async def test_mutations_are_answered_alike_and_leave_the_same(sides):
    answers = [await sides(document(fields, sides.ids), handle) for handle, fields in SCRIPT]
    assert sum("Success" in answer for answer in answers) >= 18
    assert sum("Error" in answer or "NotFound" in answer or "InvalidInput" in answer for answer in answers) >= 6


@pytest.mark.slow
async def test_mutations_whose_answers_fail_do_no_more_than_graphql_core_lets_them(sides):
    answers = [
        await sides(document(fields, sides.ids), handle, faults)
        for faults in range(4)
        for handle, fields in SCRIPT
        if handle
    ]
    assert answers.count("null") > 10
    assert sum("Success" in answer for answer in answers) > 20
