"""The body of a frozen version as it lies in the table, and what is found out of it once per content."""

import json
from collections.abc import Mapping
from functools import cached_property, lru_cache

from surveys.outcome.record_writing import without_explanations
from surveys.polling.seal import canonical_json, digest
from surveys.storage.tables import Document


class Content:
    """The text of a body. What is kept here follows from the text alone: another text is another content."""

    def __init__(self, text: str) -> None:
        self.text = text

    def parsed(self) -> Document:
        """A body of one's own, not kept: it takes ten times the room of the text."""
        found: Document = json.loads(self.text)
        return found

    @property
    def digest(self) -> str:
        """Of the canonical form; of the text itself where that is no JSON any more."""
        return self._read[0]

    @property
    def label(self) -> tuple[object, ...]:
        """Assessment, number and kind, as the body has them."""
        return self._read[1]

    @cached_property
    def _read(self) -> tuple[str, tuple[object, ...]]:
        try:
            body = self.parsed()
        except ValueError:
            return digest(self.text.encode(errors="replace")), ()
        label = tuple(body.get(key) for key in ("assessment", "number", "kind")) if isinstance(body, dict) else ()
        return digest(canonical_json(body)), label

    @cached_property
    def units(self) -> Mapping[int, str]:
        """A digest of what is said of each unit, but for its rank, which moves with others' scores."""
        return {unit["unit"]: digest(canonical_json(_own(unit))) for unit in self.parsed()["units"]}


def _own(unit: Document) -> Document:
    return without_explanations(unit) | {
        "result": {key: value for key, value in unit["result"].items() if key not in ("rank", "ranked")}
    }


@lru_cache(maxsize=8)
def content(text: str) -> Content:
    """By the whole text, letter for letter, so that an altered one is never taken for what it was."""
    return Content(text)
