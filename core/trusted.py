"""The file of trusted documents, as GraphQL Code Generator's client preset writes it: `persisted-documents.json`."""

from pathlib import Path

import orjson


def read(path: Path) -> dict[str, str]:
    """Each document's text by its id or hash. Raises ValueError with a sentence that says what is wrong."""
    try:
        found = orjson.loads(path.read_bytes())
    except OSError as error:
        raise ValueError(f"{path} can't be read: {error.strerror}") from None
    except orjson.JSONDecodeError as error:
        raise ValueError(f"{path} isn't JSON: {error}") from None
    if not isinstance(found, dict) or not found:
        raise ValueError(f"{path} must hold a JSON object with the text of each document by its id or hash")
    for name, text in found.items():
        if not isinstance(text, str) or not text.strip():
            raise ValueError(f"{path} has no text for the document {name}")
    return found


def readable(path: Path | None) -> Path | None:
    """The same path, once its contents are known to be good. Raises ValueError."""
    if path is not None:
        read(path)
    return path
