"""What may go wrong that a client can act on. Everything else is masked: see transport/errors.py."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar


class ErrorCode(StrEnum):
    """The kinds of refusal; a client may branch on them."""

    NOT_SIGNED_IN = "NOT_SIGNED_IN"
    FORBIDDEN = "FORBIDDEN"
    NOT_FOUND = "NOT_FOUND"
    INVALID_INPUT = "INVALID_INPUT"
    CONFLICT = "CONFLICT"
    RATE_LIMITED = "RATE_LIMITED"
    CAPTCHA_REQUIRED = "CAPTCHA_REQUIRED"
    SUSPENDED = "SUSPENDED"
    SECOND_FACTOR_REQUIRED = "SECOND_FACTOR_REQUIRED"


class StarlingError(Exception):
    """A refusal with a code and a message that says what to do."""

    code: ClassVar[ErrorCode]

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotSignedIn(StarlingError):
    """The operation needs somebody who is signed in."""

    code = ErrorCode.NOT_SIGNED_IN

    def __init__(self, message: str = "Sign in first: send an access token in the Authorization header.") -> None:
        super().__init__(message)


class Forbidden(StarlingError):
    """The viewer sees the thing, but may not do this to it."""

    code = ErrorCode.FORBIDDEN


class NotFound(StarlingError):
    """There is no such thing, or none that this viewer may see: both look alike."""

    code = ErrorCode.NOT_FOUND

    def __init__(self, kind: str) -> None:
        super().__init__(f"There is no such {kind}, or you may not see it.")


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one argument, e.g. at `["input", "body"]`."""

    path: tuple[str, ...]
    message: str


class InvalidInput(StarlingError):
    """Arguments that can't be used, each with its path."""

    code = ErrorCode.INVALID_INPUT

    def __init__(self, *fields: FieldProblem) -> None:
        super().__init__(" ".join(f"{'.'.join(field.path)}: {field.message}" for field in fields))
        self.fields = fields

    @classmethod
    def at(cls, *path: str, message: str) -> "InvalidInput":
        """One problem with the argument at `path`."""
        return cls(FieldProblem(path, message))


class Conflict(StarlingError):
    """It clashes with what is there already."""

    code = ErrorCode.CONFLICT


class RateLimited(StarlingError):
    """Too much at once; `retry_after` seconds until it may go on."""

    code = ErrorCode.RATE_LIMITED

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Too many requests: try again in {retry_after} s.")
        self.retry_after = retry_after


class CaptchaRequired(StarlingError):
    """Whoever asks must first show to be no machine."""

    code = ErrorCode.CAPTCHA_REQUIRED

    def __init__(self, message: str = "Solve a CAPTCHA first: send its solution along as `captcha`.") -> None:
        super().__init__(message)


class Suspended(StarlingError):
    """The account is suspended, until a moment or until somebody reinstates it: it can read nothing but why."""

    code = ErrorCode.SUSPENDED

    def __init__(self, reason: str, until: datetime | None) -> None:
        when = f"until {until:%Y-%m-%d %H:%M} UTC" if until else "until further notice"
        super().__init__(f"This account is suspended {when}: {reason}")
        self.reason, self.until = reason, until


class SecondFactorRequired(StarlingError):
    """The password is right, and there is a code to show, too: with this `challenge`, which is secret."""

    code = ErrorCode.SECOND_FACTOR_REQUIRED

    def __init__(self, challenge: str) -> None:
        super().__init__("One step more: send a code of your authenticator app, or a recovery code.")
        self.challenge = challenge


class Unavailable(Exception):
    """A part that the answer needs is away for the moment; HTTP answers 503."""

    def __init__(self, part: str) -> None:
        super().__init__(f"The {part} is not available right now: try again in a second.")


class Contended(Unavailable):
    """Others changed the same at the same moment, and this transaction had to give way: nothing was changed."""

    def __init__(self) -> None:
        Exception.__init__(self, "Others changed the same at this moment, and nothing was changed: try again.")
