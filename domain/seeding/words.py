"""Names and texts of people who don't exist: varied, in several languages, so that search has something to find."""

import tomllib
import unicodedata
from pathlib import Path
from random import Random

WORDS: dict[str, list[str]] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
SENTENCES = 12_000


class Words:
    """A source of texts, fed by a source of chance."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._sentences = [self._sentence() for _ in range(SENTENCES)]
        self._asides = [*WORDS["phrases"], *(f"#{topic}" for topic in WORDS["topics"]), *WORDS["emoji"]]

    def name(self) -> str:
        """A first and a last name."""
        return f"{self._pick(WORDS['first_names'])} {self._pick(WORDS['last_names'])}"

    def bio(self) -> str | None:
        """What somebody says of themselves, if anything."""
        if self._random.random() < 0.3:
            return None
        one, other = self._random.sample(WORDS["topics"], 2)
        return f"{one.capitalize()} and {other}. {self._pick(self._asides)}"

    def post(self) -> str:
        """A few sentences, and at times something in another language, a topic or an emoji."""
        pick, random = self._pick, self._random.random
        text: str = pick(self._sentences)
        while random() < 0.4:
            text = f"{text} {pick(self._sentences)}"
        return f"{text} {pick(self._asides)}" if random() < 0.4 else text

    def comment(self) -> str:
        """A reaction, a sentence, or both."""
        pick, chance = self._pick, self._random.random()
        if chance < 0.35:
            return pick(WORDS["reactions"])
        if chance < 0.7:
            return f"{pick(WORDS['reactions'])} {pick(self._asides if chance < 0.5 else self._sentences)}"
        return pick(self._sentences)

    def _pick(self, texts: list[str]) -> str:
        return texts[int(self._random.random() * len(texts))]  # thrice as fast as `choice`

    def _sentence(self) -> str:
        parts = ["subjects", "verbs", "objects", "endings"]
        if self._random.random() < 0.6:
            parts.insert(0, "openers")
        sentence = " ".join(self._pick(WORDS[part]) for part in parts)
        return f"{sentence[0].upper()}{sentence[1:]}."


def handle_of(name: str) -> str:
    """A name in the letters that a handle may have."""
    plain = unicodedata.normalize("NFKD", name.replace("ı", "i").replace("ø", "o"))
    return "_".join("".join(c for c in part if c.isascii()) for part in plain.lower().split())
