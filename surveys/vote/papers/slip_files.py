"""A batch's slips as the files an organizer asks for: to print, to send as links, to send as pictures.

No file carries a time or an identifier, and none tells the order of issue: the slips come shuffled.
"""

import csv
import io
import zipfile
from collections.abc import Iterable
from enum import StrEnum

from surveys.reporting.csv_cells import harmless
from surveys.reporting.qr import qr_png
from surveys.reporting.stepwise import Work
from surveys.vote.papers.slips import Slip, SlipSheet, slips_pdf

_PICTURES_A_STEP = 20


class Format(StrEnum):
    PDF = "pdf"
    CSV = "csv"
    BOTH = "zip"
    PICTURES = "png"

    @property
    def mimetype(self) -> str:
        return {"pdf": "application/pdf", "csv": "text/csv"}.get(self.value, "application/zip")

    @property
    def is_printed(self) -> bool:
        return self in (Format.PDF, Format.BOTH)

    @property
    def extension(self) -> str:
        return self.value if self in (Format.PDF, Format.CSV) else "zip"


def file_name(sheet: SlipSheet, form: Format) -> str:
    kind = "二维码" if form is Format.PICTURES else "票"
    return f"{_stem(sheet, kind)}.{form.extension}"


def _stem(sheet: SlipSheet, kind: str = "票") -> str:
    rehearsal = "演练-" if sheet.rehearsal else ""
    return f"{rehearsal}{sheet.unit}-{sheet.class_key}类{kind}-第{sheet.batch}批-{len(sheet.slips)}张"


def slip_file(sheet: SlipSheet, form: Format) -> Work:
    """The file in the making. Raises SlipTextTooLong before the first step, when words do not fit a slip."""
    if form is Format.PDF:
        return (yield from slips_pdf(sheet))
    if form is Format.PICTURES:
        return (yield from _pictures(sheet.slips))
    table = slips_csv(sheet.class_key, sheet.slips, bom=True)
    if form is Format.CSV:
        return table
    pdf = yield from slips_pdf(sheet)
    return _zipped([(f"{_stem(sheet)}.pdf", pdf), (f"{_stem(sheet)}.csv", table)])


def _pictures(slips: Iterable[Slip]) -> Work:
    """A picture of each QR, numbered in the shuffled order."""
    files: list[tuple[str, bytes]] = []
    for number, slip in enumerate(slips):
        if number % _PICTURES_A_STEP == 0:
            yield number
        files.append((f"{number + 1:03}.png", qr_png(slip.url)))
    return _zipped(files)


def _zipped(files: Iterable[tuple[str, bytes]]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as bundle:
        for name, data in files:
            # ZipInfo's own date, 1980: when the tickets were issued is nobody's business.
            bundle.writestr(zipfile.ZipInfo(name), data)
    return target.getvalue()


def slips_csv(class_key: str, slips: Iterable[Slip], *, bom: bool = False) -> bytes:
    """Columns class, code and url in UTF-8. Excel takes Chinese for another encoding unless there is a BOM."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("class", "code", "url"))
    writer.writerows([harmless(cell) for cell in (class_key, slip.code, slip.url)] for slip in slips)
    return text.getvalue().encode("utf-8-sig" if bom else "utf-8")
