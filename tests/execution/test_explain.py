"""A plan in words says what will happen: the same as does."""

import pytest

from execution.admission import Limits
from execution.compiled import Plans
from execution.documents import Documents
from execution.explain import explain
from schema.root import schema
from tests.api import Api, Statements
from tests.loaders.test_batching import FEED, World

FEED_IN_WORDS = """\
query · price 61
feed                resolver → PostConnection!
  nodes             column → [Post!]!
    likeCount       batch 1: PostCounts by id
    commentCount    batch 1: PostCounts by id
    author          batch 2: UserById by author_id → User!
      handle        column
  pageInfo          column → PageInfo!
    hasNextPage     column
4 levels of objects, 2 batches, 1 resolver: about 3 statements, however long the lists are"""
NODE_IN_WORDS = """\
query · price 2
node              resolver → Node
  … on User
    id            column
    __typename    known
  … on Post
    id            column
    author        batch 1: UserById by author_id → User!
      handle      column
  … on Comment
    id            column
4 levels of objects, 1 batch, 1 resolver: about 2 statements, however long the lists are"""


def in_words(query: str, variables: dict) -> str:
    documents = Documents(schema._schema, Limits())
    operation = documents.get(query)
    return explain(Plans(schema._schema).get(operation, variables), documents.charge(operation, variables))


def test_each_field_says_where_it_comes_from_and_with_whom_it_makes_one_batch():
    query = "{ feed { nodes { likeCount commentCount author { handle } } pageInfo { hasNextPage } } }"
    assert in_words(query, {}).splitlines() == FEED_IN_WORDS.splitlines()


def test_an_abstract_type_says_what_is_done_for_each_of_its_types():
    query = '{ node(id: "post_1") { id ... on User { __typename } ... on Post { author { handle } } } }'
    assert in_words(query, {}).splitlines() == NODE_IN_WORDS.splitlines()


@pytest.mark.parametrize("first", [5, 50])
async def test_it_takes_as_many_statements_as_are_said(api: Api, db, statements: Statements, first: int):
    world = await World.build(db)
    await api(FEED, world.viewer, first=1)
    statements.texts.clear()
    await api(FEED, world.viewer, first=first)
    assert f"about {len(statements)} statements" in in_words(FEED, {"first": first})
