#!/usr/bin/env python3
"""Cuts NotoSansSC-Everyday.ttf out of NotoSansSC-Regular.ttf: .venv/bin/python scripts/everyday_typeface.py

Why there are two: docs/decisions/0020-everyday-typeface.md.
"""

from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

FONTS = Path(__file__).resolve().parents[1] / "surveys" / "reporting" / "fonts"
RADICALS = 0x2E80  # below it are letters, marks, arrows and signs; above it Chinese begins
MARKS = (range(0x3000, 0x3040), range(0xFF00, 0xFFF0))


def is_everyday(character: str) -> bool:
    code = ord(character)
    if code < RADICALS or any(code in marks for marks in MARKS):
        return True
    try:
        character.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def main() -> None:
    options = subset.Options()
    options.layout_features = []
    options.notdef_outline = True
    options.name_IDs = ["*"]
    cutter = subset.Subsetter(options)
    with TTFont(FONTS / "NotoSansSC-Regular.ttf", lazy=True, recalcTimestamp=False, recalcBBoxes=False) as font:
        cutter.populate(unicodes=[code for code in font.getBestCmap() if is_everyday(chr(code))])
        cutter.subset(font)
        font.save(FONTS / "NotoSansSC-Everyday.ttf")


if __name__ == "__main__":
    main()
