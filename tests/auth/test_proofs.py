"""RFC 9449, section 4.3: what a proof of possession must be. The numbers are those of its list."""

import asyncio
import json
import time
from base64 import urlsafe_b64encode

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as bounds
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, RSAKey

from auth import proofs
from auth.proofs import InvalidProof, Shown
from core import patience
from core.limits import Limiter
from core.redis import connect
from core.settings import settings
from tests.auth.prover import Key

TOKEN = "a.b.c"
key = Key()
PUBLIC = key.key.as_dict(private=False)


def shown(proof: str) -> Shown:
    """A proof with the request that it should be for."""
    return Shown(proof, "POST", "/oauth/token")


def made(header: dict | None = None, **claims) -> Shown:
    return shown(key.proof("POST", "/oauth/token", header=header, **claims))


def signed(header: dict, signer, **claims) -> str:
    """Signed in another way."""
    plain = {"jti": "1", "htm": "POST", "htu": f"{settings().origin}/oauth/token", "iat": int(time.time())}
    return of_bytes(header, signer, json.dumps(plain | claims).encode())


def of_bytes(header: dict, signer, payload: bytes) -> str:
    """Signed, whatever it is."""
    return jws.serialize_compact({"typ": "dpop+jwt"} | header, payload, signer, algorithms=[header["alg"]])


def segment(value: bytes | dict) -> str:
    """A part of a JWT."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(raw).decode().rstrip("=")


async def refused(limiter: Limiter, given: Shown, **more) -> str:
    with pytest.raises(InvalidProof) as refusal:
        await proofs.check(limiter, given, **more)
    return refusal.value.message


@pytest.mark.parametrize("algorithm", proofs.ALGORITHMS)
async def test_a_proof_shows_a_key_by_its_thumbprint(algorithm: str, limiter: Limiter):
    key = Key(algorithm)
    assert await proofs.check(limiter, shown(key.proof("POST", "/oauth/token"))) == key.jkt


@pytest.mark.parametrize("proof", ["", "nonsense", "a.b", "a.b.c", "e30.e30.", "ü", f"{'x' * 5000}"])
async def test_2_it_is_one_well_formed_jwt(proof: str, limiter: Limiter):
    await refused(limiter, shown(proof))
    two = ", ".join(key.proof("POST", "/oauth/token") for _ in range(2))
    await refused(limiter, shown(two))


@pytest.mark.parametrize("name", ["jti", "htm", "htu", "iat"])
async def test_3_it_has_all_claims(name: str, limiter: Limiter):
    for value in (None, [], {}, "", True):
        assert name in await refused(limiter, made(**{name: value}))
    assert "ath" in await refused(limiter, made(), token=TOKEN)


@pytest.mark.parametrize("typ", [None, "JWT", "at+jwt", "dpop", "DPoP+JWT"])
async def test_4_its_type_is_dpop_jwt(typ: str | None, limiter: Limiter):
    assert "typ" in await refused(limiter, made({"typ": typ or "JWT"}))


async def test_5_its_algorithm_is_asymmetric_and_one_of_ours(limiter: Limiter):
    rsa, shared, p384 = RSAKey.generate_key(2048), OctKey.generate_key(256), ECKey.generate_key("P-384")
    for proof in (
        f"{segment({'typ': 'dpop+jwt', 'alg': 'none', 'jwk': PUBLIC})}.{segment({})}.",
        signed({"alg": "HS256", "jwk": shared.as_dict()}, shared),
        signed({"alg": "HS256", "jwk": PUBLIC}, OctKey.import_key(json.dumps(PUBLIC))),
        signed({"alg": "RS256", "jwk": rsa.as_dict(private=False)}, rsa),
        signed({"alg": "ES384", "jwk": p384.as_dict(private=False)}, p384),
    ):
        assert "ES256" in await refused(limiter, shown(proof))


async def test_6_it_is_signed_with_its_key(limiter: Limiter):
    other = Key().key.as_dict(private=False)
    assert "signed" in await refused(limiter, made({"jwk": other}))
    head, claims, signature = key.proof("POST", "/oauth/token").split(".")
    for broken in (f"{head}.{claims}.", f"{head}.{claims}.{'A' * 86}", f"{head}.e30.{signature}"):
        assert "signed" in await refused(limiter, shown(broken))


@pytest.mark.parametrize(
    "jwk",
    [
        {},
        {"kty": "EC"},
        {"kty": ["EC"], "crv": "P-256"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "EC", "crv": "P-256", "x": 1, "y": 2},
        {"kty": "EC", "crv": "P-999", "x": "AA", "y": "AA"},
        {"kty": "OKP", "crv": "X25519", "x": "A" * 43},
        {"kty": "oct", "k": "AAAA"},
    ],
)
async def test_6_its_key_is_one(jwk: dict, limiter: Limiter):
    await refused(limiter, made({"jwk": jwk}))


async def test_7_its_key_is_public(limiter: Limiter):
    assert "private" in await refused(limiter, made({"jwk": key.key.as_dict(private=True)}))
    await refused(limiter, made({"jwk": None}))


async def test_8_it_is_for_the_method(limiter: Limiter):
    for method in ("GET", "post", "PUT"):
        assert "htm" in await refused(limiter, made(htm=method))


@pytest.mark.parametrize(
    "url", ["https://starling.example/x", "/oauth/token", "http://127.0.0.1:8000/oauth/par", "http://[", "http://a:b/"]
)
async def test_9_it_is_for_the_url(url: str, limiter: Limiter):
    assert "htu" in await refused(limiter, made(htu=url))


@pytest.mark.parametrize("public", ["https://starling.example", "https://starling.example:8443"])
async def test_9_query_fragment_and_what_makes_no_difference_in_a_url_are_passed_over(
    public: str, limiter: Limiter, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(settings(), "public_url", public)
    same = ("?a=1", "#there", "?a=1#there")
    urls = [f"{public}/oauth/token{more}" for more in same] + [f"{public.upper()}/oauth/token"]
    for url in urls + ([] if ":8443" in public else [f"{public}:443/oauth/token"]):
        assert await proofs.check(limiter, made(htu=url)) == key.jkt
    for url in (f"{public}/oauth/Token", f"{public}/oauth/token/", f"https://x@{public[8:]}/oauth/token"):
        assert "htu" in await refused(limiter, made(htu=url))


async def test_11_it_is_fresh(limiter: Limiter):
    now = time.time()
    for iat in (now - 50, int(now) + 50):
        assert await proofs.check(limiter, made(iat=iat)) == key.jkt
    for iat in (now - 65, now + 65, 0, -1, 1e300, 10**400, float("inf"), float("nan"), str(int(now))):
        assert "iat" in await refused(limiter, made(iat=iat))


async def test_12_it_is_for_the_token_and_by_the_key_that_it_is_bound_to(limiter: Limiter):
    at_resource = shown(key.proof("POST", "/oauth/token", TOKEN))
    assert "ath" in await refused(limiter, at_resource, token="another", jkt=key.jkt)
    assert "another key" in await refused(limiter, at_resource, token=TOKEN, jkt=Key().jkt)
    assert await proofs.check(limiter, at_resource, token=TOKEN, jkt=key.jkt), "what was refused isn't used up"


async def test_11_1_it_is_good_once_at_all_processes(limiter: Limiter, redis_url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(patience, "PATIENCE", 10.0)
    once = made()
    answers = await asyncio.gather(*(proofs.check(limiter, once) for _ in range(20)), return_exceptions=True)
    assert sorted(map(type, answers), key=str) == sorted([str] + [InvalidProof] * 19, key=str)
    async with connect(redis_url) as other:
        for process in (limiter, Limiter(other)):
            assert "used before" in await refused(process, once)
    jti = json.loads(jws.extract_compact(once.proof.encode()).payload)["jti"]
    same_jti = Key().proof("POST", "/oauth/token", jti=jti)
    assert await proofs.check(limiter, shown(same_jti)), "others may have chosen the same name"


async def test_11_1_it_is_good_once_here_while_redis_is_away():
    async with connect("redis://127.0.0.1:1") as away:
        limiter, once = Limiter(away), made()
        answers = await asyncio.gather(*(proofs.check(limiter, once) for _ in range(20)), return_exceptions=True)
    assert sum(answer == key.jkt for answer in answers) == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=5), each, max_size=3),
    max_leaves=6,
)
HEADS = st.dictionaries(st.sampled_from(["typ", "alg", "jwk", "crit", "b64", "kid", "x5c"]), JSON)
JWKS = st.dictionaries(st.sampled_from(["kty", "crv", "x", "y", "d", "use", "key_ops", "alg"]), JSON)


@bounds(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(head=HEADS, jwk=JWKS, claims=st.dictionaries(st.sampled_from(["jti", "htm", "htu", "iat"]), JSON), raw=st.text())
async def test_whatever_is_sent_is_refused_and_nothing_fails(
    head: dict, jwk: dict, claims: dict, raw, limiter: Limiter
):
    proper = {"typ": "dpop+jwt", "alg": "ES256", "jwk": {"kty": "EC", "crv": "P-256"} | jwk}
    for header in (head, proper, proper | head):
        await refused(limiter, shown(f"{segment(header)}.{segment(claims)}.{'A' * 86}"))
    await refused(limiter, shown(raw))
    await refused(limiter, shown(signed({"alg": "ES256", "jwk": PUBLIC}, key.key, **({"htm": "GET"} | claims))))


async def test_what_is_nested_without_end_is_refused(limiter: Limiter):
    deep = b"[" * 2500
    await refused(limiter, shown(f"{segment(deep)[:500]}.e30.AA"))
    await refused(limiter, shown(of_bytes({"alg": "ES256", "jwk": PUBLIC}, key.key, deep)))
