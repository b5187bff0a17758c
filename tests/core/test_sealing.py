"""What is sealed is read back by us alone, for its purpose alone, and after the secret was replaced."""

import pytest

from core.sealing import Unsealable, seal, unseal
from core.settings import settings

OLD, NEW = "an old secret of thirty-two characters", "a new secret of thirty-two characters!"


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch):
    """Sets today's secret, and those before it."""

    def secret(today: str, *before: str) -> None:
        monkeypatch.setenv("STARLING_SECRET", today)
        monkeypatch.setenv("STARLING_PREVIOUS_SECRETS", ",".join(before))
        settings.cache_clear()

    yield secret
    monkeypatch.undo()
    settings.cache_clear()


def test_what_is_sealed_is_read_back_and_looks_like_nothing(secret):
    secret(OLD)
    sealed = seal(b"JBSWY3DPEHPK3PXP", "totp")
    assert unseal(sealed, "totp") == b"JBSWY3DPEHPK3PXP"
    assert b"JBSW" not in sealed
    assert seal(b"JBSWY3DPEHPK3PXP", "totp") != sealed


def test_it_is_good_for_its_purpose_only(secret):
    secret(OLD)
    with pytest.raises(Unsealable):
        unseal(seal(b"a key", "signing"), "totp")


@pytest.mark.parametrize("at", [0, 4, 16, -1])
def test_nobody_changes_it(secret, at):
    secret(OLD)
    sealed = bytearray(seal(b"a key", "signing"))
    sealed[at] ^= 1
    with pytest.raises(Unsealable):
        unseal(bytes(sealed), "signing")


@pytest.mark.parametrize("cut", [b"", b"abcd", b"abcdefgh"])
def test_what_isnt_sealed_is_refused(secret, cut):
    secret(OLD)
    with pytest.raises(Unsealable):
        unseal(cut, "signing")


def test_a_replaced_secret_still_opens_what_it_sealed_as_long_as_it_is_listed(secret):
    secret(OLD)
    sealed = seal(b"a key", "signing")
    secret(NEW, OLD)
    assert unseal(sealed, "signing") == b"a key"
    new = seal(b"a key", "signing")
    secret(NEW)
    assert unseal(new, "signing") == b"a key"
    with pytest.raises(Unsealable):
        unseal(sealed, "signing")
