"""CAPTCHAs, for those who sign up or fail too often."""

from typing import Annotated, Any

import strawberry

from auth import captcha
from execution.fields import column
from schema.errors import RateLimited, mutation

SOLUTION: Any = strawberry.field(
    default=None,
    description="What solves a CAPTCHA, after `CaptchaRequired`: what ALTCHA's widget puts into the form, or the token "
    "of hCaptcha or Turnstile. Good once.",
)


@strawberry.type(description="What a client needs to show a CAPTCHA.")
class CaptchaChallenge:
    """What a client needs to show a CAPTCHA."""

    provider: captcha.CaptchaProvider = column("Whose widget to show.")
    site_key: str | None = column("For hCaptcha and Turnstile: the site's key.")
    challenge: str | None = column("For ALTCHA: the challenge as JSON, to be solved within ten minutes.")


@strawberry.type(description="There is a challenge.")
class CreateCaptchaChallengeSuccess:
    """There is a challenge."""

    challenge: CaptchaChallenge = strawberry.field(description="A new one.")


CreateCaptchaChallengeResult = Annotated[
    CreateCaptchaChallengeSuccess | RateLimited,
    strawberry.union("CreateCaptchaChallengeResult", description="A challenge, or why there is none."),
]


@strawberry.type
class CaptchaMutations:
    """CAPTCHAs."""

    create_captcha_challenge: CreateCaptchaChallengeResult = mutation(
        CreateCaptchaChallengeResult,
        captcha.ask,
        "Get a CAPTCHA, where `signUp` or `signIn` answer `CaptchaRequired`; its solution goes into `captcha`.",
    )
