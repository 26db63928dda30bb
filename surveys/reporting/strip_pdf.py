"""The PDF file that slips and their cover are drawn into."""

from collections.abc import Iterable

from surveys.reporting.boxes import POINT, Box
from surveys.reporting.fonts import CODE_FONT_FILE, width_in_ems
from surveys.reporting.pdf import PlainPdf
from surveys.reporting.qr import QUIET_ZONE, dark_runs, qr_matrix
from surveys.reporting.strip_text import ASCENT, Line

REHEARSAL = "演练"


class SlipPdf(PlainPdf):
    def lines(self, lines: Iterable[Line], x: float = 0.0, y: float = 0.0) -> None:
        for line in lines:
            self.write_line(line.text, x + line.x, y + line.baseline, line.size / POINT)

    def codes(self, lines: Iterable[Line], x: float = 0.0, y: float = 0.0) -> None:
        for line in lines:
            self.write_line(line.text, x + line.x, y + line.baseline, line.size / POINT, CODE_FONT_FILE)

    def draw(self, operators: str, x: float, y: float, scale: float = 1.0) -> None:
        """Operators in units of `scale` millimetres from (x, y), y downwards.

        Straight into the page: fpdf2's own shapes are 20 times slower and larger.
        """
        unit = scale * self.k
        self._out(f"q {unit:.4f} 0 0 {-unit:.4f} {x * self.k:.3f} {(self.h - y) * self.k:.3f} cm {operators} Q")

    def qr(self, text: str, box: Box) -> None:
        """One filled path."""
        matrix = qr_matrix(text)
        module = box.width / (len(matrix) + 2 * QUIET_ZONE)
        runs = " ".join(f"{column} {row} {length} 1 re" for column, row, length in dark_runs(matrix))
        self.draw(f"0 g {runs} f", box.x + QUIET_ZONE * module, box.y + QUIET_ZONE * module, module)

    def rehearsal_tag(self, box: Box) -> None:
        self.set_fill_color(0)
        self.rect(box.x, box.y, box.width, box.height, style="F")
        size = box.height * 0.75
        self.set_text_color(255)
        x = box.x + (box.width - width_in_ems(REHEARSAL) * size) / 2
        self.lines([Line(REHEARSAL, size, x, box.y + (box.height - size) / 2 + ASCENT * size)])
        self.set_text_color(0)
