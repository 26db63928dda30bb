"""Text as people type it -> text as it is kept. One place for it, for what is typed and for what is read from files."""

import re
import unicodedata

# Full-width letters and digits only: in a name （） and ， are right as they are.
_WIDE = {code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))}
_LATIN = re.compile("[A-Za-z\u00c0-\u024f]")
_DOT = re.compile("\\s*[·・•‧･∙⋅]\\s*|(?<=[\u3400-\u9fff])\\s*[.．]\\s*(?=[\u3400-\u9fff])")
_BETWEEN_TAGS = re.compile("[、，,;；/|]+")
_HINT = re.compile(r"\(.*?\)|\[.*?\]|【.*?】|〔.*?〕")

# Old systems keep GBK's rows FE50 to FEA0 (䶮 among them) in the private-use area, in the order of their codes.
_GBK_TAIL = [*range(0x50, 0x7F), *range(0x80, 0xA1)]
_PRIVATE = {0xE815 + place: bytes([0xFE, low]).decode("gb18030") for place, low in enumerate(_GBK_TAIL)}


def visible(text: str) -> str:
    """Without invisible characters (zero width, direction marks); control characters become spaces."""
    kept = (character for character in text.translate(_PRIVATE) if unicodedata.category(character) != "Cf")
    return "".join(" " if unicodedata.category(character) == "Cc" else character for character in kept)


def clean_line(text: str) -> str:
    """One line, with single spaces: a post, a category."""
    return " ".join(visible(text).split())


def clean_name(text: str) -> str:
    """A person's or unit's name: `张　三` is 张三, any middle dot is `·`. With Latin letters it keeps single spaces."""
    line = clean_line(text).translate(_WIDE)
    return _DOT.sub("·", line if _LATIN.search(line) else line.replace(" ", ""))


def folded(text: str) -> str:
    """For what is compared or counted, not printed: headers, numbers, tags."""
    return clean_line(unicodedata.normalize("NFKC", visible(text)))


def name_key(text: str) -> str:
    """The same for two ways to write one name: width, spaces, dots and case do not tell names apart."""
    return folded(clean_name(text)).replace(" ", "").casefold()


def header_key(text: str) -> str:
    """A column's title without spaces, line breaks, hints in brackets and marks such as `*`."""
    return _HINT.sub("", folded(text).replace(" ", "")).strip("*:").casefold()


def split_tags(text: str) -> tuple[str, ...]:
    """Tags of one cell or field, in order, each once: between them a comma, 、, ;, / or a space."""
    pieces = (piece for part in _BETWEEN_TAGS.split(text) for piece in folded(part).split())
    return tuple(dict.fromkeys(pieces))


def unprintable(text: str) -> str | None:
    """A character that no font shows: a private one (造字), or what stands for an unreadable one."""
    for character in text:
        code = ord(character)
        nothing = code == 0xFFFD or 0xFDD0 <= code < 0xFDF0 or code & 0xFFFE == 0xFFFE
        if nothing or unicodedata.category(character) == "Co":
            return character
    return None


def unfit(value: str, most: int) -> str | None:
    """Why a file's text cannot be kept, and what to do; None where it can."""
    if value.startswith(("=", "＝")):
        return "以等号开头，像是公式。请改成文字。"
    if (strange := unprintable(value)) is not None:
        return f"第 {value.index(strange) + 1} 个字是造字或乱码，印不出来。请换成规范字重新输入。"
    return f"太长：{len(value)} 个字，最多 {most} 个字。" if len(value) > most else None
