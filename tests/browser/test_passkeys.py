"""Passkeys in a real browser with a virtual authenticator: what we ask, it makes, and what it says, we take."""

import json

import pytest

from tests.browser.chromium import IN_CHROMIUM

playwright = pytest.importorskip("playwright.async_api", reason="run with `uv run --group browser pytest`")
expect = playwright.expect
pytestmark = [*IN_CHROMIUM, pytest.mark.timeout(120)]
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
CREATE = """async options => JSON.stringify((await navigator.credentials.create({
    publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(JSON.parse(options)) })).toJSON())"""
GET = """async options => JSON.stringify((await navigator.credentials.get({
    publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(JSON.parse(options)) })).toJSON())"""
ASK = """async ({ query, variables, token }) => (await fetch("/graphql", { method: "POST",
    headers: { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query, variables }) })).json()"""
SIGN_IN = """mutation { signIn(input: { login: "ada", password: "starling" }) {
    ... on SignInSuccess { session { accessToken } } } }"""
BEGIN = "mutation { beginPasskey(input: {}) { ... on BeginPasskeySuccess { options } ... on Error { message } } }"
ADD = """mutation ($credential: String!) { addPasskey(input: { credential: $credential, name: "Chromium" }) {
    ... on AddPasskeySuccess { passkey { id name } } ... on Error { message } } }"""
BEGIN_SIGN_IN = "mutation { beginPasskeySignIn { ... on BeginPasskeySignInSuccess { options } } }"
COME_IN = """mutation ($credential: String!) { signInWithPasskey(input: { credential: $credential }) { __typename
    ... on SignInWithPasskeySuccess { session { viewer { handle } } } ... on Error { message } } }"""


@pytest.fixture
async def page(browser, server: str):
    """A page of ours, in a browser whose device has a fingerprint reader and a finger."""
    profile = await browser.new_context(base_url=server.replace("127.0.0.1", "localhost"))
    page = await profile.new_page()
    devtools = await profile.new_cdp_session(page)
    await devtools.send("WebAuthn.enable")
    made = await devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    page.devtools, page.device = devtools, made["authenticatorId"]
    await page.goto("/sign-in")
    yield page
    await profile.close()


async def ask(page, query: str, token: str | None = None, **variables: str) -> dict:
    return (await page.evaluate(ASK, {"query": query, "variables": variables, "token": token}))["data"]


async def test_chromium_makes_a_passkey_and_comes_in_with_it(page):
    token = (await ask(page, SIGN_IN))["signIn"]["session"]["accessToken"]
    options = (await ask(page, BEGIN, token))["beginPasskey"]["options"]
    added = await ask(page, ADD, token, credential=await page.evaluate(CREATE, options))
    assert added["addPasskey"]["passkey"]["name"] == "Chromium", added
    [kept] = (await page.devtools.send("WebAuthn.getCredentials", {"authenticatorId": page.device}))["credentials"]
    assert (kept["isResidentCredential"], kept["rpId"]) == (True, "localhost")
    asked = (await ask(page, BEGIN_SIGN_IN))["beginPasskeySignIn"]["options"]
    credential = await page.evaluate(GET, asked)
    assert (await ask(page, COME_IN, credential=credential))["signInWithPasskey"]["session"]["viewer"][
        "handle"
    ] == "ada"
    again = await ask(page, COME_IN, credential=credential)
    assert again["signInWithPasskey"]["__typename"] == "NotSignedIn", json.dumps(again)


async def press(page, button: str):
    await page.get_by_role("button", name=button, exact=True).click()


async def test_a_passkey_is_added_by_a_page_opens_the_door_is_renamed_and_removed(page):
    await page.get_by_label("Handle or e-mail address").fill("grace")
    await page.get_by_label("Password").fill("starling")
    await press(page, "Sign in")
    await page.goto("/account/factors")
    await page.get_by_label("Name of the new passkey").fill("My finger")
    await press(page, "Add a passkey")
    await expect(page.get_by_role("listitem")).to_contain_text("My finger")
    await press(page, "Add a passkey")
    await expect(page.get_by_role("alert")).to_have_text("There is a passkey of this device already.")
    await page.goto("/account")
    await press(page, "Sign out")
    await expect(page.get_by_role("main")).to_contain_text("Grace Hopper")  # as offered where the name is typed

    await page.add_init_script("PublicKeyCredential.isConditionalMediationAvailable = undefined")
    await press(page, "Sign out")
    await press(page, "Sign in with a passkey")
    await expect(page.get_by_role("main")).to_contain_text("Grace Hopper")
    await page.goto("/account/factors")
    await page.get_by_text("Change", exact=True).click()
    await page.get_by_label("Name", exact=True).fill("My thumb")
    await press(page, "Rename")
    await page.get_by_text("Change", exact=True).click()
    await press(page, "Remove My thumb")
    await expect(page.get_by_role("listitem")).to_have_text("You have none.")
