"""Typefaces into PDF files."""

from pathlib import Path

from fpdf import FPDF
from fpdf.fonts import TTFFont


def embed_font(pdf: FPDF, family: str, file: Path) -> None:
    """Makes a typeface known to a PDF, which takes the characters it used out of it at the end.

    Their outlines go in as they are in the file. By default the outline of each is unpacked and packed again, to work
    out bounds that the file has: for a Chinese letter that is four fifths of the time.
    """
    pdf.add_font(family, fname=file)
    font = pdf.fonts[family.lower()]
    if not isinstance(font, TTFFont):
        raise TypeError(f"{file} is no TrueType font")
    font.ttfont.recalcBBoxes = False
