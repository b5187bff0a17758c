"""The CAPTCHA that a form asks for: ours is solved by captcha.js, others bring their own widget."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from starlette.responses import Response

from auth import captcha
from auth.captcha import CaptchaProvider
from core.errors import CaptchaRequired, StarlingError
from transport.pages.visits import Visit

AGAIN = "There have been many tries. Fill this in once more: this time, show that you are no machine."


class Widget(NamedTuple):
    """Somebody else's CAPTCHA in a page of ours."""

    script: str
    mark: str
    """The class of the element that the script looks for."""
    field: str
    """Which it adds to the form."""
    admits: Mapping[str, str]
    """What the page's policy must let it do, as its provider says."""


WIDGETS = {
    CaptchaProvider.HCAPTCHA: Widget(
        "https://js.hcaptcha.com/1/api.js",
        "h-captcha",
        "h-captcha-response",
        dict.fromkeys(
            ("script-src", "frame-src", "style-src", "connect-src"), "https://hcaptcha.com https://*.hcaptcha.com"
        ),
    ),
    CaptchaProvider.TURNSTILE: Widget(
        "https://challenges.cloudflare.com/turnstile/v0/api.js",
        "cf-turnstile",
        "cf-turnstile-response",
        dict.fromkeys(("script-src", "frame-src"), "https://challenges.cloudflare.com"),
    ),
}
FIELDS = ("captcha", *(widget.field for widget in WIDGETS.values()))


def solution(fields: Mapping[str, str]) -> str | None:
    """What solves it, if a form brings it along."""
    return next((fields[name] for name in FIELDS if fields.get(name)), None)


def form(
    visit: Visit,
    template: str,
    status: int,
    refusal: StarlingError | None = None,
    *,
    scripts: Sequence[str] = (),
    **values: Any,
) -> Response:
    """A page with what was refused, and a CAPTCHA where one is required, or was used up by what was wrong."""
    is_required = isinstance(refusal, CaptchaRequired)
    if refusal:
        values["problem"] = AGAIN if is_required else refusal.message
    if not is_required and not solution(visit.fields):
        return visit.page(template, status, scripts=scripts, **values)
    made = captcha.challenge()
    widget = WIDGETS.get(made.provider)
    values |= {"captcha": made, "widget": widget}
    if widget:
        return visit.page(template, status, scripts=scripts, admits=widget.admits, **values)
    return visit.page(template, status, scripts=[*scripts, "captcha.js"], **values)
