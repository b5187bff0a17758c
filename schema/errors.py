"""Refusals as types, and mutations that answer with them: success or one of the errors, never an exception."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, get_args

import strawberry

from core import errors
from core.errors import ErrorCode, StarlingError
from execution.fields import argument, resolved
from loaders.context import Info, charge_write


@strawberry.interface(
    description="A refusal that a client can act on. Ask for it with `... on Error { code message }`."
)
class Error:
    """A refusal."""

    code: ErrorCode = strawberry.field(description="Stable, to branch on.")
    message: str = strawberry.field(description="For a person: what is wrong, and what to do.")


@strawberry.type(description="Nobody is signed in, or the tokens are no longer good.")
class NotSignedIn(Error):
    """Nobody is signed in."""


@strawberry.type(description="You see it, but may not do this to it.")
class Forbidden(Error):
    """Seen, but not allowed."""


@strawberry.type(description="There is no such thing, or you may not see it: both look alike.")
class NotFound(Error):
    """Absent or hidden."""


@strawberry.type(description="It clashes with what is there already.")
class Conflict(Error):
    """A clash."""


@strawberry.type(description="What is wrong with one argument.")
class FieldProblem:
    """What is wrong with one argument."""

    path: list[str] = strawberry.field(description='Where the argument stands, e.g. `["input", "body"]`.')
    message: str = strawberry.field(description="For a person: what is wrong with it.")


@strawberry.type(description="Arguments that can't be used; nothing was changed.")
class InvalidInput(Error):
    """Arguments that can't be used."""

    fields: list[FieldProblem] = strawberry.field(
        description="Each argument that is wrong, to be shown beside its field."
    )


@strawberry.type(description="Too many changes at once; nothing was changed.")
class RateLimited(Error):
    """Too much at once."""

    retry_after: int = strawberry.field(description="Seconds until it may go on.")


@strawberry.type(
    description="Show first to be no machine: solve what `createCaptchaChallenge` gives, and send `captcha` along."
)
class CaptchaRequired(Error):
    """A CAPTCHA must be solved."""


@strawberry.type(description="The account is suspended: it can read and do nothing.")
class Suspended(Error):
    """The account is suspended."""

    reason: str = strawberry.field(description="What a moderator wrote, for the person to read.")
    until: datetime | None = strawberry.field(description="When it ends by itself; null if a moderator has to end it.")


@strawberry.type(description="The password is right; now a code of the person's app: see `completeSignIn`.")
class SecondFactorRequired(Error):
    """A second factor must be shown."""

    challenge: str = strawberry.field(
        description="For `completeSignIn`: good for ten minutes, five wrong codes and one right one. Keep it secret."
    )


MUTATION_COST = 10
_TYPES: dict[type[StarlingError], Callable[..., Error]] = {
    errors.NotSignedIn: NotSignedIn,
    errors.Forbidden: Forbidden,
    errors.NotFound: NotFound,
    errors.Conflict: Conflict,
    errors.InvalidInput: InvalidInput,
    errors.RateLimited: RateLimited,
    errors.CaptchaRequired: CaptchaRequired,
    errors.Suspended: Suspended,
    errors.SecondFactorRequired: SecondFactorRequired,
}


def shaped(error: StarlingError) -> Error:
    """The error as the schema's type of the same name."""
    more: dict[str, Any] = {}
    if isinstance(error, errors.InvalidInput):
        more["fields"] = [FieldProblem(path=list(field.path), message=field.message) for field in error.fields]
    if isinstance(error, errors.RateLimited):
        more["retry_after"] = error.retry_after
    if isinstance(error, errors.Suspended):
        more |= {"reason": error.reason, "until": error.until}
    if isinstance(error, errors.SecondFactorRequired):
        more["challenge"] = error.challenge
    return _TYPES[type(error)](code=error.code, message=error.message, **more)


def mutation(
    result: Any,
    resolver: Callable[..., Awaitable[Any]],
    description: str,
    *,
    takes: type | None = None,
    scope: str | None = None,
) -> Any:
    """A mutation whose `result` is a union: its first member wraps what `resolver` returns, the others are refusals."""
    success = get_args(get_args(result)[0])[0]
    [field] = success.__strawberry_definition__.fields

    async def run(info: Info, **given: Any) -> Any:
        try:
            context = info.context
            await charge_write(context.services, context.viewer, context.device)
            context.act_as(context.viewer)
            return success(**{field.python_name: await resolver(info, **given)})
        except StarlingError as error:
            return shaped(error)

    arguments = {"input": argument(takes, "What to do.")} if takes else {}
    return resolved(run, description, cost=MUTATION_COST, scope=scope, **arguments)
