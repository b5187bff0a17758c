"""Queries by GET: only with a header that no form, image or script of a page can send."""

import pytest

from tests.api import Api

JSON, GRAPHQL = "application/json", "application/graphql-response+json"
PAGE = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
QUERY = {"query": "{ __typename }"}


@pytest.mark.parametrize(
    "headers",
    [
        {"GraphQL-Require-Preflight": "1"},
        {"Apollo-Require-Preflight": "true"},
        {"X-Apollo-Operation-Name": "Feed"},
        {"X-Requested-With": "XMLHttpRequest"},
        {"Content-Type": JSON},
        {"Accept": JSON},
        {"Accept": f"{GRAPHQL}, {JSON};q=0.9"},
        {"Sec-Fetch-Mode": "cors"},
        {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"},
        {"GraphQL-Require-Preflight": "1", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "cross-site"},
    ],
)
async def test_a_program_queries_by_get(api: Api, headers: dict):
    response = await api.http.get("/graphql", params=QUERY, headers=headers)
    assert (response.status_code, response.json()) == (200, {"data": {"__typename": "Query"}})


@pytest.mark.parametrize(
    "headers",
    [
        {"Accept": "*/*"},
        {"Accept": PAGE, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "cross-site"},  # a form, or a link
        {"Accept": PAGE, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-origin"},
        {"Accept": "image/avif,image/webp,*/*;q=0.8", "Sec-Fetch-Mode": "no-cors"},  # an image
        {"Accept": "*/*", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Site": "same-site"},  # a script
        {"Accept": "*/*", "Content-Type": "text/plain"},
        {"Accept": JSON, "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Site": "cross-site"},  # a fetch that doesn't ask
        {"Accept": JSON, "Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-site"},
    ],
)
async def test_a_page_that_makes_a_browser_get_it_is_told_what_to_send(api: Api, headers: dict):
    response = await api.http.get("/graphql", params=QUERY, headers=headers)
    assert response.status_code == 400
    assert response.json()["errors"][0] == {
        "message": "To query by GET, send a header that no form can send: GraphQL-Require-Preflight: 1.",
        "extensions": {"code": "BAD_REQUEST"},
    }


async def test_a_query_string_has_an_end(api: Api):
    response = await api.http.get(
        "/graphql", params={"query": "{ __typename }" + " " * 33_000}, headers={"accept": JSON}
    )
    assert response.status_code == 414
    assert "POST" in response.json()["errors"][0]["message"]
