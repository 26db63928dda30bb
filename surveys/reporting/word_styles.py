"""The styles of our Word files. Fonts are named outright: a theme's fonts would win over them, and show Chinese text in
whatever font the reader's Word takes for it."""

from dataclasses import dataclass
from enum import Enum, auto

_SONG, _FANGSONG, _HEI, _KAI = "宋体", "仿宋", "黑体", "楷体"
_LATIN = "Times New Roman"
CELL_MARGIN = 85  # twentieths of a point


class Look(Enum):
    BODY = auto()
    TITLE = auto()
    SUBTITLE = auto()
    HEADING = auto()
    SUBHEADING = auto()
    ADDRESS = auto()
    SIGNATURE = auto()
    DATE = auto()
    NOTE = auto()
    PICTURE = auto()
    AIR = auto()
    CELL = auto()
    CELL_NUMBER = auto()
    CELL_HEAD = auto()
    HEAD = auto()
    FOOT = auto()
    FOOTING = auto()
    GRID = auto()


@dataclass(frozen=True)
class Style:
    """`size` in points; `line`: of its line in points, 0 for what the text takes; `indent`: of the first line, in
    hundredths of a character; `right`: from the right margin, the same; `before`, `after`: in points."""

    key: str
    name: str
    size: float
    font: str = _FANGSONG
    align: str = "both"
    line: float = 28
    indent: int = 0
    right: int = 0
    before: float = 0
    after: float = 0
    keep: bool = False
    bold: bool = False
    level: int | None = None
    grey: bool = False


STYLES = {
    Look.BODY: Style("Normal", "Normal", 16, indent=200),
    Look.TITLE: Style("Title", "Title", 22, _SONG, "center", 34, bold=True, keep=True),
    Look.SUBTITLE: Style("Subtitle", "Subtitle", 18, _SONG, "center", 32, after=14, bold=True, keep=True),
    Look.HEADING: Style("Heading1", "heading 1", 16, _HEI, "left", indent=200, before=6, after=3, keep=True, level=0),
    Look.SUBHEADING: Style(
        "Heading2", "heading 2", 16, _KAI, "left", indent=200, before=6, after=3, keep=True, level=1
    ),
    Look.ADDRESS: Style("Address", "称呼", 16, align="left"),
    Look.SIGNATURE: Style("Signature", "落款", 16, align="right", right=200, before=28, keep=True),
    Look.DATE: Style("SignatureDate", "落款日期", 16, align="right", right=200),
    Look.NOTE: Style("Note", "附注", 10.5, _SONG, "left", 18, grey=True),
    Look.PICTURE: Style("Picture", "图", 10.5, _SONG, "center", 0, before=4, after=4),
    Look.AIR: Style("Air", "表后空行", 6, _SONG, "left", 8),
    Look.CELL: Style("Cell", "表内文字", 10.5, _SONG, "left", 0),
    Look.CELL_NUMBER: Style("CellNumber", "表内数字", 10.5, _SONG, "right", 0),
    Look.CELL_HEAD: Style("CellHead", "表头", 10.5, _HEI, "center", 0),
    Look.HEAD: Style("Header", "header", 10.5, _HEI, "center", 0),
    Look.FOOT: Style("Footer", "footer", 14, _SONG, "center", 0),
    Look.FOOTING: Style("Footing", "页脚说明", 7.5, _SONG, "center", 0, grey=True),
    Look.GRID: Style("Grid", "网格表", 10.5),
}


def styles_xml(names: str) -> str:
    """The content of word/styles.xml. `names`: the declaration of its namespace."""
    paragraphs = "".join(_paragraph(style) for look, style in STYLES.items() if look is not Look.GRID)
    return (
        f'<w:styles {names}><w:docDefaults><w:rPrDefault><w:rPr>{_fonts(_FANGSONG)}<w:sz w:val="32"/>'
        '<w:szCs w:val="32"/><w:lang w:val="en-US" w:eastAsia="zh-CN" w:bidi="ar-SA"/></w:rPr></w:rPrDefault>'
        f"<w:pPrDefault/></w:docDefaults>{paragraphs}{_TABLES}</w:styles>"
    )


_EDGES = "".join(
    f'<w:{edge} w:val="single" w:sz="4" w:space="0" w:color="7F7F7F"/>'
    for edge in ("top", "left", "bottom", "right", "insideH", "insideV")
)
_MARGINS = (
    f'<w:tblCellMar><w:top w:w="20" w:type="dxa"/><w:left w:w="{CELL_MARGIN}" w:type="dxa"/>'
    f'<w:bottom w:w="20" w:type="dxa"/><w:right w:w="{CELL_MARGIN}" w:type="dxa"/></w:tblCellMar>'
)
_TABLES = (
    '<w:style w:type="table" w:default="1" w:styleId="TableNormal"><w:name w:val="Normal Table"/><w:tblPr>'
    '<w:tblInd w:w="0" w:type="dxa"/></w:tblPr></w:style>'
    f'<w:style w:type="table" w:customStyle="1" w:styleId="{STYLES[Look.GRID].key}">'
    f'<w:name w:val="{STYLES[Look.GRID].name}"/><w:basedOn w:val="TableNormal"/>'
    f"<w:tblPr><w:tblBorders>{_EDGES}</w:tblBorders>{_MARGINS}</w:tblPr></w:style>"
)


def _fonts(east_asian: str) -> str:
    return f'<w:rFonts w:ascii="{_LATIN}" w:hAnsi="{_LATIN}" w:cs="{_LATIN}" w:eastAsia="{east_asian}"/>'


def _paragraph(style: Style) -> str:
    first = style.key == "Normal"
    kind = ' w:default="1"' if first else "" if style.name.isascii() else ' w:customStyle="1"'
    line = f' w:line="{round(style.line * 20)}" w:lineRule="exact"' if style.line else ' w:line="240" w:lineRule="auto"'
    based = "" if first else '<w:basedOn w:val="Normal"/>'
    level = "" if style.level is None else f'<w:outlineLvl w:val="{style.level}"/>'
    grey = '<w:color w:val="595959"/>' if style.grey else ""
    return (
        f'<w:style w:type="paragraph"{kind} w:styleId="{style.key}"><w:name w:val="{style.name}"/>'
        f"{based}<w:qFormat/><w:pPr>"
        f"{'<w:keepNext/>' if style.keep else ''}"
        f'<w:spacing w:before="{round(style.before * 20)}" w:after="{round(style.after * 20)}"{line}/>'
        # Twips beside the characters: Word goes by the characters, others by the twips.
        f'<w:ind w:right="{round(style.right * style.size / 5)}" w:rightChars="{style.right}"'
        f' w:firstLine="{round(style.indent * style.size / 5)}" w:firstLineChars="{style.indent}"/>'
        f'<w:jc w:val="{style.align}"/>'
        f"{level}</w:pPr>"
        f"<w:rPr>{_fonts(style.font)}{'<w:b/>' if style.bold else ''}"
        f"{grey}"
        f'<w:sz w:val="{round(style.size * 2)}"/><w:szCs w:val="{round(style.size * 2)}"/></w:rPr></w:style>'
    )
