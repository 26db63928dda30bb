"""Reports and letters, described: headings, paragraphs, tables and pictures. document_pdf and document_word write them.

Neither puts a time or an identifier in: the same document gives the same bytes.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Heading:
    """`level`: 1, or 2 for one below it. `new_page`: it begins one."""

    text: str
    level: int = 1
    new_page: bool = False


@dataclass(frozen=True)
class Paragraph:
    """`indented`: by two characters, as Chinese prose is. `small`: a note."""

    text: str
    indented: bool = True
    small: bool = False


@dataclass(frozen=True)
class Signature:
    """Who signs, and a date to write in: to the right, never parted."""

    who: str


@dataclass(frozen=True)
class Table:
    """`widths`: shares of the text's width; `numbers`: columns set to the right."""

    titles: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...]
    numbers: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Picture:
    """A PNG, as wide as the text, or narrower where it would be taller than a page."""

    png: bytes

    def scaled(self, width: float, height: float) -> tuple[float, float]:
        """Its width and height once it fits into these."""
        from PIL import Image

        with Image.open(io.BytesIO(self.png), formats=("PNG",)) as image:
            scale = min(width / image.width, height / image.height)
            return image.width * scale, image.height * scale


Part = Heading | Paragraph | Signature | Table | Picture


@dataclass(frozen=True)
class Document:
    """`draft`: why it is not final, printed on every page, or None. `footing`: at the foot of every page."""

    title: str
    subtitle: str
    draft: str | None
    parts: tuple[Part, ...]
    footing: str = ""


DRAFT = "草稿"
DATE = "年　　月　　日"


def texts_of(part: Part) -> Iterator[str]:
    """All that a part says."""
    match part:
        case Heading() | Paragraph():
            yield part.text
        case Signature():
            yield from (part.who, DATE)
        case Table():
            yield from (cell for row in (part.titles, *part.rows) for cell in row)
