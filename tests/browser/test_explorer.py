"""The explorer in a real browser, against a running server with the demo world in it.

`uv run --group browser pytest tests/browser`; Debian's `chromium` or any Chrome on the PATH will do.
"""

import json
import shutil
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from httpx2 import AsyncClient

from tests.api import PASSWORD, Api, Person
from tests.auth.test_factors import turn_on
from tests.browser.chromium import IN_CHROMIUM
from tests.serving import Server, serving

playwright = pytest.importorskip("playwright.async_api", reason="run with `uv run --group browser pytest`")

TABS = ["Feed", "Profile", "Thread", "Search", "CreatePost", "LiveUpdates"]
SIGN_IN = """
mutation ($input: SignInInput!) { signIn(input: $input) { ... on SignInSuccess { session { accessToken } } } }
"""
DEMO_PASSWORD = "starling"
REFUSED = "status of 401"
"""What Chromium says of a wrong password."""
BUILDING = 120_000
"""Milliseconds that a first build of the explorer may take."""

expect = playwright.expect

pytestmark = [
    *IN_CHROMIUM,
    pytest.mark.timeout(240),
    pytest.mark.skipif(not (shutil.which("node") and shutil.which("npm")), reason="needs Node.js to build it"),
]


class Window:
    """One window of the explorer, by what people do in it."""

    def __init__(self, page):
        self.page = page
        self.editor = page.locator(".graphiql-query-editor")
        self.response = page.locator(".graphiql-response")
        self.status = page.get_by_role("banner").get_by_role("status")
        self.problem = page.get_by_role("banner").get_by_role("alert")

    async def sign_in(self, handle: str = "ada", password: str = DEMO_PASSWORD):
        await self.page.get_by_label("Handle or e-mail").fill(handle)
        await self.page.get_by_label("Password").fill(password)
        await self.page.get_by_role("button", name="Sign in").click()

    async def run(self, tab: str):
        await self.page.get_by_role("tab", name=tab).click()
        await expect(self.editor).to_contain_text(tab)
        await self.page.wait_for_timeout(300)  # GraphiQL learns the operation's name a moment after its text
        await self.page.get_by_role("button", name="Execute query").click()

    async def watch(self):
        await self.run("LiveUpdates")
        await expect(self.page.get_by_role("button", name="Stop query")).to_be_visible()
        await self.page.wait_for_timeout(1000)  # a subscription has no echo that it has started


@pytest.fixture
async def open_window(browser, server: str, request: pytest.FixtureRequest) -> AsyncIterator:
    """Opens windows that share a profile; in the end, nothing went elsewhere and nothing was complained about."""
    scheme = request.getfixturevalue("theme") if "theme" in request.fixturenames else "light"
    profile = await browser.new_context(color_scheme=scheme, viewport={"width": 1280, "height": 800})
    requests, sockets, complaints = [], [], []
    profile.on("request", lambda sent: requests.append(sent.url))
    profile.on("console", lambda line: complaints.append(line.text) if line.type in {"error", "warning"} else None)
    profile.on("weberror", lambda failure: complaints.append(str(failure.error)))

    async def open_one() -> Window:
        page = await profile.new_page()
        page.on("websocket", lambda socket: sockets.append(socket.url))
        await page.goto(f"{server}/graphql")
        await expect(page.get_by_role("tab", name=TABS[-1])).to_be_visible(timeout=BUILDING)
        return Window(page)

    yield open_one
    await profile.close()
    assert [url for url in requests if not url.startswith((f"{server}/", "data:", "blob:"))] == []
    assert set(sockets) <= {f"{server}/graphql".replace("http", "ws", 1)}
    assert [line for line in complaints if REFUSED not in line] == []


async def test_it_greets_with_tabs_signs_in_and_reads_the_feed(open_window, theme, tmp_path: Path):
    window = await open_window()
    assert await window.page.title() == "Starling GraphQL explorer"
    assert await window.page.get_by_role("tab").all_inner_texts() == TABS
    await window.sign_in()
    await expect(window.status).to_have_text("Signed in as @ada")
    await window.run("Feed")
    await expect(window.response).to_contain_text('"feed"')
    await expect(window.response).to_contain_text('"author"')
    await expect(window.response).not_to_contain_text('"errors"')
    assert await window.page.screenshot(path=tmp_path / f"explorer-{theme}.png")


@pytest.mark.parametrize("tab", ["Profile", "Thread", "Search"])
async def test_what_everybody_may_read_needs_no_session(open_window, tab: str):
    window = await open_window()
    await window.run(tab)
    await expect(window.response).to_contain_text('"data"')
    await expect(window.response).not_to_contain_text('"errors"')


async def test_a_wrong_password_is_said_and_signs_nobody_in(open_window):
    window = await open_window()
    await window.sign_in(password="starlink")
    await expect(window.problem).not_to_be_empty()
    await expect(window.status).to_have_text("Signed out")


async def test_who_has_an_authenticator_app_shows_its_code(open_window, server: str):
    async with AsyncClient(base_url=server) as http:
        hedy = await Api(http).sign_up("hedy_browser")
        app, _ = await turn_on(Api(http), hedy)
    window = await open_window()
    await window.sign_in(hedy.handle, PASSWORD)
    code = window.page.get_by_label("Code of your app")
    await code.fill(app.wrong())
    await code.press("Enter")
    await expect(window.problem).not_to_be_empty()
    await code.fill(app.code())
    await code.press("Enter")
    await expect(window.status).to_have_text("Signed in as @hedy_browser")


async def test_a_post_created_in_one_window_arrives_live_in_another(open_window):
    writing, watching = await open_window(), await open_window()
    await writing.sign_in()
    await expect(watching.status).to_have_text("Signed in as @ada")
    await watching.watch()
    await writing.run("CreatePost")
    await expect(writing.response).to_contain_text("CreatePostSuccess")
    await expect(watching.response).to_contain_text("PostAdded")
    await expect(watching.response).to_contain_text("explorer!")


async def test_a_stream_resumes_where_a_restarting_server_cut_it(open_window):
    writing, watching = await open_window(), await open_window()
    sockets, frames = [], []

    def relay(socket):
        upstream = socket.connect_to_server()
        sockets.append(socket)
        socket.on_message(lambda frame: (frames.append(json.loads(frame)), upstream.send(frame)))

    await watching.page.route_web_socket("**/graphql", relay)
    await watching.page.reload()  # the relay stands in for the sockets of the next page
    await writing.sign_in()
    await watching.watch()
    await writing.run("CreatePost")
    await expect(watching.response).to_contain_text("PostAdded")
    before_the_cut = await watching.response.inner_text()

    await sockets[0].close(code=1012)
    await writing.run("CreatePost")
    await expect(watching.response).not_to_have_text(before_the_cut, timeout=15_000)
    await expect(watching.response).to_contain_text("PostAdded")
    first, again = [frame["payload"] for frame in frames if frame["type"] == "subscribe"]
    assert not first.get("variables", {}).get("after")
    assert again["variables"]["after"]


async def test_a_stream_survives_a_restart_of_the_server_with_nothing_missing(browser, demo_server: Server, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = str(probe.getsockname()[1])

    def serve():
        urls = demo_server.database_url, demo_server.redis_url
        return serving(*urls, tmp_path / "log", "--port", port, STARLING_BUILD_EXPLORER="true")

    page, frames = await browser.new_page(), []
    page.on("websocket", lambda opened: opened.on("framereceived", lambda frame: frames.append(json.loads(frame))))
    async with AsyncClient(base_url=demo_server.url) as http:
        api = Api(http)
        signed_in = await api(SIGN_IN, input={"login": "ada", "password": DEMO_PASSWORD})
        ada = Person("", "ada", signed_in["signIn"]["session"]["accessToken"], "")
        with serve() as server:
            await page.goto(f"{server.url}/graphql")
            window = Window(page)
            await expect(page.get_by_role("tab", name=TABS[-1])).to_be_visible(timeout=BUILDING)
            await window.sign_in()
            await expect(window.status).to_have_text("Signed in as @ada")
            await window.watch()
            posts = [await api.create_post(ada, "Before the restart.")]
            await expect(window.response).to_contain_text(posts[-1])
        posts += [await api.create_post(ada, f"While nobody was there, {number}.") for number in range(3)]
        with serve():
            await expect(window.response).to_contain_text(posts[-1], timeout=30_000)
            posts.append(await api.create_post(ada, "After the restart."))
            await expect(window.response).to_contain_text(posts[-1])
    updates = [frame["payload"]["data"]["feedUpdates"] for frame in frames if frame["type"] == "next"]
    assert [update["edge"]["node"]["id"] for update in updates if update["__typename"] == "PostAdded"] == posts


async def test_a_session_outlives_the_window_and_no_script_can_read_it(open_window):
    first = await open_window()
    await first.sign_in()
    await expect(first.status).to_have_text("Signed in as @ada")
    await first.page.close()
    second = await open_window()
    await expect(second.status).to_have_text("Signed in as @ada")
    assert await second.page.evaluate("document.cookie") == ""
    [cookie] = await second.page.context.cookies()
    assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"]) == ("starling-session", True, "Lax")


async def test_signing_out_reaches_every_window(open_window):
    windows = [await open_window(), await open_window()]
    await windows[0].sign_in()
    await expect(windows[1].status).to_have_text("Signed in as @ada")
    await windows[1].page.get_by_role("button", name="Sign out").click()
    for window in windows:
        await expect(window.status).to_have_text("Signed out")
