"""Personal access tokens are recognised by their text alone, and mistyped ones refused before anything is asked."""

from auth import personal


def test_a_token_has_the_form_that_scanners_look_for():
    made = {personal.make() for _ in range(100)}
    assert len(made) == 100
    assert all(personal.is_one(each) for each in made)


def test_a_mistyped_token_is_told_by_its_checksum():
    token = personal.make()
    for place in range(len(personal.PREFIX), len(token)):
        other = "x" if token[place] != "x" else "y"
        assert not personal.is_one(token[:place] + other + token[place + 1 :])


def test_what_only_looks_alike_is_none():
    for text in ("", personal.PREFIX, personal.make()[:-1], f"{personal.make()}x", personal.make().replace("_", "-")):
        assert not personal.is_one(text)
