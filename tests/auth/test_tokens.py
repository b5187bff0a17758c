"""Access tokens: what isn't ours, or isn't good any more, is refused with 401 and a challenge."""

import asyncio
import hashlib
import hmac
import time
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from auth import personal, tokens
from auth.keys import ring
from auth.tokens import Tokens
from core.errors import NotSignedIn
from domain.viewer import Viewer
from models.sessions import Session, SessionKind
from tests.api import Api, Person

pytestmark = pytest.mark.usefixtures("quiet")
VIEWER = "{ viewer { id } }"


@pytest.fixture(scope="module")
async def ada(api: Api) -> Person:
    return await api.sign_up()


def claims(person: Person, **changed) -> dict:
    """What a good token of this person says, with some of it changed; None takes a claim away."""
    said = jwt.decode(person.token, ring.signing_key(), algorithms=["ES256"]).claims
    return {name: value for name, value in (said | changed).items() if value is not None}


def signed(said: dict, *, key=None, alg: str = "ES256", **header: str | None) -> str:
    """A token with these claims, and a good header with some of it changed; None takes a part away."""
    whole = ring.signing_header("at+jwt") | {"alg": alg} | header
    kept = {name: value for name, value in whole.items() if value is not None}
    return jwt.encode(kept, said, key or ring.signing_key(), algorithms=[alg])


def confused(said: dict) -> str:
    """A token that is signed with what everybody knows, the public key, as if it were a secret."""
    content = unsigned(said, "HS256", kid=ring.signing_header("at+jwt")["kid"]).rstrip(".")
    signature = hmac.digest(ring.signing_key().as_pem(private=False), content.encode(), "sha256")
    return f"{content}.{urlsafe_b64encode(signature).decode().rstrip('=')}"


def unsigned(said: dict, alg: str, **header: str) -> str:
    parts = ({"alg": alg, "typ": "at+jwt", **header}, said)
    return ".".join(urlsafe_b64encode(orjson.dumps(part)).decode().rstrip("=") for part in parts) + "."


def flipped(token: str, place: int) -> str:
    """The token with one character of its part `place` exchanged."""
    parts = token.split(".")
    middle = len(parts[place]) // 2
    other = "A" if parts[place][middle] != "A" else "B"
    parts[place] = parts[place][:middle] + other + parts[place][middle + 1 :]
    return ".".join(parts)


FORGED = {
    "alg none": lambda p: unsigned(claims(p), "none"),
    "alg None": lambda p: unsigned(claims(p), "None"),
    "alg HS256 without signature": lambda p: unsigned(claims(p), "HS256"),
    "the public key as a secret": lambda p: confused(claims(p)),
    "another key": lambda p: signed(claims(p), key=ECKey.generate_key("P-256")),
    "an unknown key": lambda p: signed(claims(p), key=ECKey.generate_key("P-256"), kid="unknown"),
    "no key named": lambda p: signed(claims(p), kid=None),
    "another type": lambda p: signed(claims(p), typ="JWT"),
    "no type": lambda p: signed(claims(p), typ=None),
    "another audience": lambda p: signed(claims(p, aud="elsewhere")),
    "no audience": lambda p: signed(claims(p, aud=None)),
    "another issuer": lambda p: signed(claims(p, iss="elsewhere")),
    "no issuer": lambda p: signed(claims(p, iss=None)),
    "no expiry": lambda p: signed(claims(p, exp=None)),
    "expiry that is no number": lambda p: signed(claims(p, exp="never")),
    "no subject": lambda p: signed(claims(p, sub=None)),
    "another subject": lambda p: signed(claims(p, sub="user_1")),
    "no client": lambda p: signed(claims(p, client_id=None)),
    "session that is no number": lambda p: signed(claims(p, sid="x")),
    "no session": lambda p: signed(claims(p, sid=None)),
    "unknown session": lambda p: signed(claims(p, sid="1")),
    "not yet good": lambda p: signed(claims(p, nbf=int(time.time()) + 60)),
    "header changed": lambda p: flipped(p.token, 0),
    "claims changed": lambda p: flipped(p.token, 1),
    "signature changed": lambda p: flipped(p.token, 2),
    "truncated": lambda p: p.token[:-5],
    "without signature": lambda p: p.token.rsplit(".", 1)[0],
    "a refresh token": lambda p: p.refresh_token,
    "two tokens": lambda p: f"{p.token} {p.token}",
    "dots": lambda p: "..",
    "garbage": lambda p: "garbage",
    "claims that are no object": lambda p: ".".join([p.token.split(".")[0], "W10", p.token.split(".")[2]]),
    "long": lambda p: "x" * 50_000,
}


async def refused(api: Api, authorization: str | bytes) -> str:
    """The message of a refusal of this header."""
    answer = await api.http.post("/graphql", json={"query": VIEWER}, headers={"authorization": authorization})
    assert answer.status_code == 401, answer.text
    assert answer.headers["www-authenticate"].startswith("Bearer")
    body = answer.json()
    assert set(body) == {"errors"}
    [error] = body["errors"]
    assert error["extensions"]["code"] == "NOT_SIGNED_IN"
    return error["message"]


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
async def test_a_forged_token_is_refused(api: Api, ada: Person, forge):
    assert "sign in again" in await refused(api, f"Bearer {forge(ada)}")


@pytest.mark.parametrize(
    "header",
    ["Bearer", "Bearer ", "Basic YWRhOnN0YXJsaW5n", "token", ",", "Bearer\u00e9 x".encode("latin-1"), b"\xff\xfe"],
)
async def test_another_authorization_header_is_refused(api: Api, header: str | bytes):
    assert "Bearer <access token>" in await refused(api, header)


async def test_somebody_elses_session_is_no_session(api: Api, ada: Person):
    bob = await api.sign_up()
    mixed = signed(claims(ada, sid=claims(bob)["sid"]))
    assert "sign in again" in await refused(api, f"Bearer {mixed}")


async def test_an_expired_token_says_how_to_get_a_new_one(api: Api, ada: Person):
    expired = signed(claims(ada, exp=int(time.time()) - 1))
    assert "refreshSession" in await refused(api, f"Bearer {expired}")


async def test_a_token_expires_while_it_is_remembered(api: Api, ada: Person, monkeypatch: pytest.MonkeyPatch):
    query = {"query": VIEWER}
    headers = {"authorization": f"Bearer {signed(claims(ada, exp=int(time.time()) + 60, jti='soon'))}"}
    assert (await api.http.post("/graphql", json=query, headers=headers)).status_code == 200
    later = time.time() + 61
    monkeypatch.setattr(tokens.time, "time", lambda: later)
    assert "refreshSession" in await refused(api, headers["authorization"])


async def test_a_good_token_is_verified_once(api: Api, ada: Person, statements):
    headers = {"authorization": f"bearer  {ada.token} "}
    for _ in range(3):
        answer = (await api.http.post("/graphql", json={"query": VIEWER}, headers=headers)).json()
        assert answer == {"data": {"viewer": {"id": ada.id}}}
    assert sum("sessions" in text for text in statements.texts) <= 1


async def test_signing_out_voids_the_access_token_at_once(api: Api):
    bob = await api.sign_up()
    assert (await api.answer(VIEWER, bob))["data"]["viewer"]
    assert await api("mutation { signOut { ... on SignOutSuccess { signedOut } } }", bob) == {
        "signOut": {"signedOut": True}
    }
    deadline = time.monotonic() + 1  # what a revocation may take on its way through the stream
    while (await api.post(VIEWER, viewer=bob)).status_code == 200:
        assert time.monotonic() < deadline
    assert "sign in again" in await refused(api, f"Bearer {bob.token}")


async def test_a_session_that_ends_while_its_token_is_verified_lets_nobody_in(
    verifier: Tokens, ada: Person, monkeypatch: pytest.MonkeyPatch
):
    asked: list[int] = []

    async def ended_meanwhile(_, session_id) -> Viewer | None:
        asked.append(session_id)
        verifier.forget(lambda viewer: viewer.session_id == session_id)
        monkeypatch.setattr(tokens, "viewer_of", over)
        return Viewer(ada.number, session_id)

    async def over(_, session_id) -> None:
        asked.append(session_id)

    monkeypatch.setattr(tokens, "viewer_of", ended_meanwhile)
    with pytest.raises(NotSignedIn):
        await verifier.verified(f"Bearer {ada.token}")
    assert len(asked) == 2


async def test_sockets_that_come_together_are_looked_up_together(verifier: Tokens, api: Api, statements):
    people = [await api.sign_up() for _ in range(20)]
    before = len(statements)
    found = await asyncio.gather(*(verifier.verified(f"Bearer {each.token}", in_a_crowd=True) for each in people))
    assert [each.viewer.user_id for each in found] == [each.number for each in people]
    assert len(statements) - before <= 2


async def test_a_socket_of_a_session_that_has_ended_is_refused_among_others(verifier: Tokens, api: Api):
    ada, bob = await api.sign_up(), await api.sign_up()
    await api("mutation { signOut { __typename } }", ada)
    answers = await asyncio.gather(
        *(verifier.verified(f"Bearer {each.token}", in_a_crowd=True) for each in (ada, bob)), return_exceptions=True
    )
    assert isinstance(answers[0], NotSignedIn)
    assert answers[1].viewer.user_id == bob.number


async def opened(db, person: Person, kind: SessionKind, secret: str, **columns) -> int:
    """A session of a secret."""
    digest = hashlib.sha256(secret.encode()).digest()
    async with db.write() as tx:
        made = await tx.insert(Session, user_id=person.number, kind=kind, secret_hash=digest, **columns)
    return made.id


async def test_a_personal_token_speaks_for_its_person_within_its_scopes(db, verifier: Tokens, ada: Person):
    token = personal.make()
    session = await opened(db, ada, SessionKind.PERSONAL, token, scopes=["posts:read"])
    found = await verifier.verified(f"Bearer {token}")
    assert (found.viewer.user_id, found.viewer.session_id) == (ada.number, session)
    assert found.viewer.scopes == {"posts:read"}


async def test_a_personal_token_that_has_expired_is_refused(db, verifier: Tokens, ada: Person):
    token = personal.make()
    past = datetime.now(UTC) - timedelta(seconds=1)
    await opened(db, ada, SessionKind.PERSONAL, token, scopes=[], expires_at=past)
    with pytest.raises(NotSignedIn):
        await verifier.verified(f"Bearer {token}")


async def test_a_cookie_is_no_bearer_and_a_bearer_no_cookie(db, verifier: Tokens, ada: Person):
    cookie, token = "a browser's secret", personal.make()
    session = await opened(db, ada, SessionKind.BROWSER, cookie)
    await opened(db, ada, SessionKind.PERSONAL, token, scopes=[])
    assert (await verifier.of_cookie(cookie)).viewer.session_id == session
    assert await verifier.verified(f"Bearer {token}")
    assert await verifier.of_cookie(token) is tokens.NOBODY
    with pytest.raises(NotSignedIn):
        await verifier.verified(f"Bearer {cookie}")


async def test_a_token_of_a_client_that_acts_for_itself_names_it(db, verifier: Tokens):
    async with db.write() as tx:
        session = await tx.insert(Session, kind=SessionKind.APP, scopes=["posts:read"])
    token = tokens.issue(None, session.id, client_id="app_1", scope="posts:read")
    assert jwt.decode(token, ring.signing_key()).claims["sub"] == "app_1"
    assert (await verifier.verified(f"Bearer {token}")).viewer.user_id is None
