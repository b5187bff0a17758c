"""Access tokens: what isn't ours, or isn't good any more, is refused with 401 and a challenge."""

import asyncio
import time
from base64 import urlsafe_b64encode

import orjson
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from auth import tokens
from core.errors import NotSignedIn
from core.settings import settings
from domain.viewer import Viewer
from tests.api import Api, Person

pytestmark = pytest.mark.usefixtures("quiet")
VIEWER = "{ viewer { id } }"


@pytest.fixture(scope="module")
async def ada(api: Api) -> Person:
    return await api.sign_up()


def claims(person: Person, **changed) -> dict:
    """What a good token of this person says, with some of it changed; None takes a claim away."""
    said = jwt.decode(person.token, key(), algorithms=["HS256"]).claims
    return {name: value for name, value in (said | changed).items() if value is not None}


def key(secret: str | None = None) -> OctKey:
    return OctKey.import_key(secret or settings().secret.get_secret_value())


def signed(said: dict, *, typ: str | None = "at+jwt", secret: str | None = None, alg: str = "HS256") -> str:
    header = {"alg": alg} | ({"typ": typ} if typ else {})
    return jwt.encode(header, said, key(secret), algorithms=[alg])


def unsigned(said: dict, alg: str) -> str:
    parts = ({"alg": alg, "typ": "at+jwt"}, said)
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
    "another algorithm": lambda p: signed(claims(p), alg="HS512"),
    "another key": lambda p: signed(claims(p), secret="x" * 32),
    "another type": lambda p: signed(claims(p), typ="JWT"),
    "no type": lambda p: signed(claims(p), typ=None),
    "another audience": lambda p: signed(claims(p, aud="elsewhere")),
    "no audience": lambda p: signed(claims(p, aud=None)),
    "another issuer": lambda p: signed(claims(p, iss="elsewhere")),
    "no issuer": lambda p: signed(claims(p, iss=None)),
    "no expiry": lambda p: signed(claims(p, exp=None)),
    "expiry that is no number": lambda p: signed(claims(p, exp="never")),
    "no subject": lambda p: signed(claims(p, sub=None)),
    "subject that is no number": lambda p: signed(claims(p, sub="ada")),
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


async def test_a_revocation_that_overtakes_a_verification_isn_t_forgotten(
    db, api: Api, ada: Person, monkeypatch: pytest.MonkeyPatch
):
    verifier, asked = tokens.Tokens(db), []

    async def revoked_meanwhile(_, session_id) -> Viewer:
        asked.append(session_id)
        verifier.forget(session_id)
        return Viewer(ada.number, session_id)

    monkeypatch.setattr(tokens, "viewer_of", revoked_meanwhile)
    for _ in range(2):
        await verifier.verified(f"Bearer {ada.token}")
    assert len(asked) == 2


async def test_sockets_that_come_together_are_looked_up_together(db, api: Api, statements):
    people = [await api.sign_up() for _ in range(20)]
    verifier = tokens.Tokens(db)
    before = len(statements)
    found = await asyncio.gather(*(verifier.verified(f"Bearer {each.token}", in_a_crowd=True) for each in people))
    assert [each.viewer.user_id for each in found] == [each.number for each in people]
    assert len(statements) - before <= 2


async def test_a_socket_of_a_session_that_has_ended_is_refused_among_others(db, api: Api):
    ada, bob = await api.sign_up(), await api.sign_up()
    await api("mutation { signOut { __typename } }", ada)
    verifier = tokens.Tokens(db)
    answers = await asyncio.gather(
        *(verifier.verified(f"Bearer {each.token}", in_a_crowd=True) for each in (ada, bob)), return_exceptions=True
    )
    assert isinstance(answers[0], NotSignedIn)
    assert answers[1].viewer.user_id == bob.number
