"""Whether all servers say the same: answers with ids and moments in one form."""

import json
import re
from datetime import datetime
from typing import Any

from benchmarks.comparison import load
from benchmarks.comparison.operations import Operation
from benchmarks.comparison.servers import POSTGRAPHILE, Server

_ID = re.compile(r"^(?:user|post|comment)_(\d+)$")
_MOMENT = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


def request(server: Server, operation: Operation, token: str) -> bytes:
    """The operation as this server wants to be asked."""
    if server.name == POSTGRAPHILE:
        return load.post(server.url, token, operation.postgraphile, operation.postgraphile_variables)
    return load.post(server.url, token, operation.query, operation.variables)


def answer(response: bytes, *, without_ids: bool = False) -> Any:
    """The data of an HTTP response in the common form. Raises WrongAnswer for errors, and for nothing at all."""
    head, _, body = response.partition(b"\r\n\r\n")
    if b"content-length:" not in head.lower():
        body = b"".join(re.split(rb"(?:^|\r\n)[0-9a-f]+\r\n", body)).rstrip(b"\r\n")
    parsed = json.loads(body)
    if "errors" in parsed or None in (parsed.get("data") or {"": None}).values():
        raise load.WrongAnswer(json.dumps(parsed)[:2_000])
    return common(parsed["data"], without_ids=without_ids)


def common(value: Any, *, without_ids: bool = False) -> Any:
    """An answer with bare ids, or none, and moments as such."""
    if isinstance(value, dict):
        kept = {name: each for name, each in value.items() if not (without_ids and name == "id")}
        return {name: common(each, without_ids=without_ids) for name, each in kept.items()}
    if isinstance(value, list):
        return [common(each, without_ids=without_ids) for each in value]
    if isinstance(value, str):
        if found := _ID.match(value):
            return found[1]
        if _MOMENT.match(value):
            return datetime.fromisoformat(value).timestamp()
    return value


def fields(value: Any) -> int:
    """How many fields an answer has."""
    if isinstance(value, dict):
        return len(value) + sum(map(fields, value.values()))
    return sum(map(fields, value)) if isinstance(value, list) else 0


def difference(one: Any, other: Any, path: str = "data") -> str:
    """The first place where two answers differ, for a person."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        pairs = [(f"{path}.{name}", one[name], other[name]) for name in one]
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = [(f"{path}[{i}]", *pair) for i, pair in enumerate(zip(one, other, strict=True))]
    else:
        return f"{path}: {str(one)[:200]} ≠ {str(other)[:200]}"
    return next(difference(a, b, place) for place, a, b in pairs if a != b)
