"""Trusted documents: only what a file holds is executed, whatever transport it comes by."""

from collections.abc import Mapping

from graphql import FieldNode

from execution.documents import Documents, Operation
from transport.persisted import PREFIX, refuse

UNTRUSTED = "Only trusted documents are executed here: name one by `documentId` or `extensions.persistedQuery`."


class Trusted:
    """Operations of documents that were known beforehand, by their names."""

    def __init__(self, documents: Documents, texts: Mapping[str, str], *, introspection: bool) -> None:
        """`introspection` lets tools look at the schema without a name: for development."""
        self._documents, self._introspection = documents, introspection
        self._texts = {name.removeprefix(PREFIX): text for name, text in texts.items()}

    async def get(self, text: str, operation_name: str | None, document_id: str | None) -> Operation:
        """The admitted operation. Raises Refused."""
        if document_id is not None:
            known = self._texts.get(document_id.removeprefix(PREFIX))
            if known is not None and text in ("", known):
                return self._documents.get(known, operation_name)
        elif self._introspection:
            operation = self._documents.get(text, operation_name)
            if _introspects(operation):
                return operation
        return refuse(UNTRUSTED, "DOCUMENT_NOT_TRUSTED")


def _introspects(operation: Operation) -> bool:
    """Whether an operation asks for nothing but the schema."""
    fields = operation.definition.selection_set.selections
    return all(isinstance(field, FieldNode) and field.name.value.startswith("__") for field in fields)
