"""Documents by the hash of their text: automatic persisted queries, as Apollo's clients ask for them, and `documentId`.

Protocol: https://www.apollographql.com/docs/apollo-server/performance/apq. Names: appendix A, "Persisted Documents", of
the GraphQL-over-HTTP draft. A client names what it believes to be known; told that it isn't, it sends the text along,
once for all processes.
"""

import asyncio
import hashlib
import re
import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, NoReturn

from graphql import GraphQLError
from redis.asyncio import Redis

from core.redis import AWAY
from execution.documents import Documents, Operation, Refused

PREFIX = "sha256:"
_NAME = re.compile(r"[A-Za-z0-9._~-]{1,64}(:[A-Za-z0-9._~:-]{1,128})?")

GET = """
local text = redis.call('HGET', KEYS[1], ARGV[1])
local clock = redis.call('TIME')
if text then redis.call('ZADD', KEYS[2], 'XX', clock[1] + clock[2] / 1000000, ARGV[1]) end
return text
"""
KEEP = """
local texts, used, size = KEYS[1], KEYS[2], KEYS[3]
local most, bytes, seconds = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
if redis.call('HSETNX', texts, ARGV[1], ARGV[2]) == 1 then redis.call('INCRBY', size, #ARGV[2]) end
redis.call('ZADD', used, now, ARGV[1])
while true do
    local oldest = redis.call('ZRANGE', used, 0, 0, 'WITHSCORES')
    local fits = redis.call('ZCARD', used) <= most and tonumber(redis.call('GET', size)) <= bytes
    if not oldest[1] or (fits and tonumber(oldest[2]) > now - seconds) then break end
    redis.call('DECRBY', size, redis.call('HSTRLEN', texts, oldest[1]))
    redis.call('HDEL', texts, oldest[1])
    redis.call('ZREM', used, oldest[1])
end
for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, seconds) end
"""
"""Keep a text, and forget those that were used longest ago until all fit in number, bytes and age."""

KEYS = ["{starling:persisted}:texts", "{starling:persisted}:used", "{starling:persisted}:size"]
BYTES = 32_000_000
SECONDS = 30 * 24 * 3600
PATIENCE = 0.25
"""Seconds that a request waits for Redis."""
RETRY_SECONDS = 1.0
"""How long Redis is left alone after it failed."""
OWN, OWN_CHARACTERS = 1000, 4_000_000
"""The most that a process remembers by itself."""


def document_id(fields: Mapping[str, Any]) -> str | None:
    """The document that a request names by `documentId` or Apollo's extension. Raises ValueError."""
    named = fields.get("documentId")
    if named is None:
        extension = (fields.get("extensions") or {}).get("persistedQuery")
        if extension is None:
            return None
        if not isinstance(extension, dict) or not isinstance(digest := extension.get("sha256Hash"), str):
            raise ValueError("`extensions.persistedQuery` must be an object with `version` and `sha256Hash`.")
        if extension.get("version") != 1:
            raise ValueError("Unsupported persisted query version")
        named = PREFIX + digest
    if not isinstance(named, str) or not _NAME.fullmatch(named):
        raise ValueError("`documentId` must be a string such as sha256:<64 hexadecimal digits>.")
    return named


def refuse(message: str, code: str = "BAD_REQUEST") -> NoReturn:
    """Raise the one error that answers for a document which can't be had."""
    raise Refused([GraphQLError(message, extensions={"code": code})])


class Automatic:
    """Any operation by its text; and by its hash, once somebody has sent both."""

    def __init__(self, documents: Documents, redis: Redis, *, most: int) -> None:
        """Keep at most so many texts in Redis; with 0, none is found by its hash."""
        self._documents, self._texts, self._most = documents, Texts(redis, most), most

    async def get(self, text: str, operation_name: str | None, document_id: str | None) -> Operation:
        """The admitted operation. Raises Refused, with Apollo's codes where the document is named."""
        if document_id is None:
            return self._documents.get(text, operation_name)
        if not self._most:
            refuse("PersistedQueryNotSupported", "PERSISTED_QUERY_NOT_SUPPORTED")
        digest = document_id.removeprefix(PREFIX)
        if not text:
            known = await self._texts.get(digest)
            if known is None:
                refuse("PersistedQueryNotFound", "PERSISTED_QUERY_NOT_FOUND")
            return self._documents.get(known, operation_name)
        if _hash(text) != digest:
            refuse("provided sha does not match query")
        operation = self._documents.get(text, operation_name)
        await self._texts.keep(digest, text)
        return operation


class Texts:
    """Texts by their hashes: in Redis for all processes, and the latest in this one. Without Redis, only these."""

    def __init__(self, redis: Redis, most: int) -> None:
        self._get, self._keep, self._most = redis.register_script(GET), redis.register_script(KEEP), most
        self._own: OrderedDict[str, str] = OrderedDict()
        self._characters = 0
        self._away_until = 0.0

    async def get(self, digest: str) -> str | None:
        """The text, if it is known. Never fails."""
        if text := self._own.get(digest):
            self._own.move_to_end(digest)
            return text
        text = await self._ask(self._get, digest)
        if text is None or _hash(text) != digest:
            return None
        self._remember(digest, text)
        return text

    async def keep(self, digest: str, text: str) -> None:
        """Know the text from now on. Never fails."""
        if digest not in self._own:
            self._remember(digest, text)
            await self._ask(self._keep, digest, text, self._most, BYTES, SECONDS)

    async def _ask(self, script: Any, *arguments: Any) -> str | None:
        if time.monotonic() < self._away_until:
            return None
        try:
            async with asyncio.timeout(PATIENCE):
                answer: str | None = await script(keys=KEYS, args=arguments)
        except AWAY:
            self._away_until = time.monotonic() + RETRY_SECONDS
            return None
        return answer

    def _remember(self, digest: str, text: str) -> None:
        self._own[digest] = text
        self._characters += len(text)
        while len(self._own) > OWN or self._characters > OWN_CHARACTERS:
            self._characters -= len(self._own.popitem(last=False)[1])


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
