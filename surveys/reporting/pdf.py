"""The PDF file that all our papers are drawn into."""

from datetime import UTC, datetime
from pathlib import Path

from fpdf import FPDF
from fpdf.fonts import TTFFont

from surveys.reporting.fonts import font_file_for

# PDF readers want a date. This one is the same for everybody and says nothing.
_NO_TIME = datetime(2000, 1, 1, tzinfo=UTC)


class PlainPdf(FPDF):
    """A4, in millimetres. It tells neither time nor identity: the same content gives the same bytes."""

    def __init__(self) -> None:
        super().__init__(unit="mm", format="A4")
        self.set_auto_page_break(False)
        self.set_creation_date(_NO_TIME)

    def file_id(self) -> None:
        """No identifier: the default one is a fingerprint of the file."""

    def write_line(self, text: str, x: float, baseline: float, points: float, font_file: Path | None = None) -> None:
        """A line from its left end; `font_file`: another than our typeface."""
        file = font_file or font_file_for(text)
        self._embed(file)
        self.set_font(file.stem, size=points)
        self.text(x, baseline, text)

    def _embed(self, file: Path) -> None:
        """Makes a typeface known to the file, which takes the characters it used out of it at the end.

        Their outlines go in as they are in the file. By default the outline of each is unpacked and packed again, to
        work out bounds that the file has: for a Chinese letter that is four fifths of the time.
        """
        if file.stem.lower() in self.fonts:
            return
        self.add_font(file.stem, fname=file)
        font = self.fonts[file.stem.lower()]
        if not isinstance(font, TTFFont):
            raise TypeError(f"{file} is no TrueType font")
        font.ttfont.recalcBBoxes = False
        font.name = file.stem  # two cuts of one typeface must not go by one name: a printer would take them for one
