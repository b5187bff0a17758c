"""One operation from text to answer, for every transport: find, price, charge, execute, present."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, NamedTuple, Protocol

import orjson
from graphql import ExecutionResult, GraphQLError

from core.deadlines import Deadline
from core.errors import RateLimited, StarlingError, Unavailable
from core.limits import Allowance
from core.settings import settings
from domain.device import Device
from domain.viewer import Viewer
from execution import reference
from execution.coordinates import coordinates
from execution.documents import Documents, Operation, Refused
from execution.executor import Executor
from execution.scopes import InsufficientScope, Needs
from execution.sharing import Dependences
from live.cohort import Rendering, Vanished
from live.listener import Listener, Sink
from live.sources import Source
from live.updates import Update
from loaders.context import Context, Services, caller
from schema.suspensions import WHY
from transport.encoding import encode
from transport.errors import extensions, present

DEADLINE = 5.0
"""Seconds that a query or mutation may take."""
ATTEMPTS = 3
"""How often a query is executed at most, for an answer that holds together."""


class Request(NamedTuple):
    """What a client sends, on whatever transport."""

    query: str
    variables: dict[str, Any] | None = None
    operation_name: str | None = None
    document_id: str | None = None
    """Names a document that the server may know; `query` may be empty then."""
    resume: str | None = None
    """The cursor that a client was last told, where its transport says so: stands for a subscription's `after`."""


class Response(NamedTuple):
    """An answer: the GraphQL response, and what a transport has to know about it."""

    body: dict[str, Any]
    is_request_error: bool = False
    allowance: Allowance | None = None
    """What the caller has left, where the operation was charged."""
    unavailable: bool = False
    scopes: tuple[str, ...] = ()
    """What the token should be good for, where it isn't."""


class Payload(NamedTuple):
    """A response to an event."""

    json: str
    cursor: str


Begin = Callable[[Sink], Awaitable[Listener]]
"""Begins a subscription: its payloads go into a sink until the listener leaves."""
Answer = Response | Begin


class Library(Protocol):
    """What finds operations: `persisted.Automatic`, or `trusted.Trusted`."""

    async def get(self, text: str, operation_name: str | None, document_id: str | None) -> Operation:
        """The admitted operation of a text, or of the document that is named. Raises Refused."""


class Operations:
    """Runs operations. One per process."""

    def __init__(self, executor: Executor, documents: Documents, services: Services, library: Library) -> None:
        self._executor, self._documents, self._services, self._library = executor, documents, services, library
        self._dependences, self._needs = Dependences(executor.schema), Needs(executor.schema)
        self._deadline = Deadline(DEADLINE)

    async def find(self, request: Request) -> Operation | Response:
        """The admitted operation, or the answer that refuses it."""
        try:
            return await self._library.get(request.query, request.operation_name, request.document_id)
        except Refused as refused:
            return _refused(refused)

    async def execute(self, viewer: Viewer, device: Device, request: Request) -> Answer:
        """The answer, or what begins a subscription."""
        operation = await self.find(request)
        return operation if isinstance(operation, Response) else await self.run(operation, viewer, device, request)

    async def run(self, operation: Operation, viewer: Viewer, device: Device, request: Request) -> Answer:
        """Execute an admitted operation."""
        try:
            price = self._documents.charge(operation, request.variables)
            allowance = await self._charge(caller(viewer, device), price)
            if not allowance.allowed:
                return refusal(RateLimited(allowance.retry_after_seconds))._replace(allowance=allowance)
            self._refuse_suspended(viewer, operation)
            if viewer.scopes is not None:
                self._needs.check(operation, viewer.scopes)
            context = Context(self._services, viewer, device, price, allowance, request.resume)
            if operation.kind == "subscription":
                return await self._subscribe(operation, context, request)
            with self._deadline.begin():
                return _response(await self._execute(operation, context, request), allowance)
        except InsufficientScope as refused:
            return _refused(refused)._replace(scopes=refused.scopes)
        except Refused as refused:
            return _refused(refused)
        except (StarlingError, Unavailable) as error:
            return refusal(error)
        except TimeoutError:
            return refusal(Unavailable("answer"))

    async def _execute(self, operation: Operation, context: Context, request: Request) -> ExecutionResult:
        """The result; a query that saw rows go away between two of its levels looks again."""
        for _ in range(ATTEMPTS - 1):
            result = await self._executor.execute(operation, context, request.variables)
            if operation.kind != "query" or not any(map(_is_missing, result.errors or ())):
                return result
            context = context.afresh()
        return await self._executor.execute(operation, context, request.variables)

    def _refuse_suspended(self, viewer: Viewer, operation: Operation) -> None:
        """Let a suspended account ask nothing but why. Raises Suspended."""
        if viewer.suspension and not coordinates(self._executor.schema, operation) <= WHY:
            viewer.suspension.refuse()

    async def _charge(self, who: str, price: int) -> Allowance:
        limits = settings()
        return await self._services.limiter.charge(
            "operations", who, price, burst=limits.rate_burst, per_second=limits.rate_per_second
        )

    async def _subscribe(self, operation: Operation, context: Context, request: Request) -> Answer:
        source = await reference.source(self._executor.schema, operation, context, request.variables)
        if isinstance(source, ExecutionResult):
            return _response(source)._replace(is_request_error=True)  # there is no stream
        assert isinstance(source, Source)
        depends = self._dependences.of(operation)
        variables = {name: value for name, value in (request.variables or {}).items() if name in depends.variables}
        key = operation, orjson.dumps(variables, option=orjson.OPT_SORT_KEYS)
        render = partial(self._render, operation, context, request.variables)
        return partial(source.subscribe, Rendering(key, not depends.on_viewer, render))

    async def _render(
        self, operation: Operation, context: Context, variables: dict[str, Any] | None, viewer: Viewer, update: Update
    ) -> Payload:
        """The response to an event, for a viewer who may see it. Raises Unavailable, Vanished."""
        result = await self._executor.execute(operation, context.for_viewer(viewer), variables, update)
        response = _response(result)
        if response.unavailable:
            raise Unavailable("database")
        if any(map(_is_missing, result.errors or ())):
            raise Vanished
        return Payload(encode(response.body).decode(), update.cursor)


def _is_missing(error: GraphQLError) -> bool:
    """Whether a field that can't be null had nothing: its row was there for one statement and gone for the next."""
    return error.message.startswith("Cannot return null for non-nullable field")


def _refused(refused: Refused) -> Response:
    return Response({"errors": [present(error) for error in refused.errors]}, is_request_error=True)


def refusal(error: StarlingError | Unavailable) -> Response:
    """The answer to an operation that wasn't executed."""
    body = {"errors": [{"message": str(error), "extensions": extensions(error)}]}
    return Response(body, is_request_error=True, unavailable=isinstance(error, Unavailable))


def _response(result: ExecutionResult, allowance: Allowance | None = None) -> Response:
    if not result.errors:
        return Response({"data": result.data}, allowance=allowance)
    errors = [present(error) for error in result.errors]
    unavailable = any(isinstance(error.original_error, Unavailable) for error in result.errors)
    if result.data is None and all(error.path is None for error in result.errors):
        return Response({"errors": errors}, True, allowance, unavailable)
    return Response({"errors": errors, "data": result.data}, False, allowance, unavailable)
