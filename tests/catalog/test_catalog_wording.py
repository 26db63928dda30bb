"""The shipped content against the official document, character for character; white space alone is not compared.

The document is parsed here on its own: nothing of the catalog's code or of the script that drafted the files is used.
"""

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from surveys.catalog.loader import framework, questionnaire
from surveys.catalog.model import Framework

PLAN = Path(__file__).parents[1] / "data" / "assessment-plan.txt"

METHODS = {
    "材料审核": ["material_review"],
    "材料审核或听取汇报": ["material_review", "hearing"],
    "专项考评": ["special_evaluation"],
    "综合评定": ["comprehensive"],
    "民主测评": ["democratic"],
}
# The one row that has no method printed, and how it is read.
NO_METHOD_PRINTED = {("county", "III-8"): ["material_review"]}
ANNEXES = {"municipal": 1, "county": 2}


class PrintedRow(NamedTuple):
    block: str
    indicator: str
    content: str
    number: str
    text: str
    method: str


def squeeze(text: str) -> str:
    return re.sub(r"</?[up]>|\s", "", text)


def annex(number: int) -> str:
    parts = re.split(r"(?m)^附件 (\d)$", PLAN.read_text("utf-8"))
    return parts[parts.index(str(number)) + 1]


def title(number: int) -> str:
    (heading,) = re.findall(r"(?m)^#+ (.*)$", annex(number))
    return squeeze(heading)


def table(number: int) -> list[list[str]]:
    return [line.split("\t") for line in annex(number).splitlines() if "\t" in line]


def printed_rows(number: int) -> list[PrintedRow]:
    rows = []
    above = ["", "", ""]
    for line in table(number):
        cells = [squeeze(cell) for cell in line]
        if cells[0] == "测评项目":
            continue
        above = [cell or before for cell, before in zip(cells[:3], above, strict=True)]
        numeral, text = re.fullmatch(r"(?:[(（](\d)[)）])?(.*)", cells[3]).groups()
        rows.append(PrintedRow(*above, numeral or "", text, cells[4]))
    return rows


def kept_rows(kept: Framework) -> list[PrintedRow]:
    rows = []
    for block, indicator, content, standard in kept.rows():
        number = standard.key.removeprefix(content.code).strip("()")
        names = [squeeze(part.code + part.name) for part in (block, indicator, content)]
        rows.append(PrintedRow(*names, number, squeeze(standard.text), ",".join(standard.methods)))
    return rows


def expected_rows(key: str) -> list[PrintedRow]:
    rows = []
    for row in printed_rows(ANNEXES[key]):
        code = re.match(r"III-\d+", row.content).group()
        methods = METHODS[row.method] if row.method else NO_METHOD_PRINTED[key, code]
        rows.append(row._replace(method=",".join(methods)))
    return rows


def differences(kept: Framework) -> list[str]:
    """Every field of every row that is not what the annex has."""
    expected, found = expected_rows(kept.key), kept_rows(kept)
    if len(expected) != len(found):
        return [f"{len(expected)} rows printed, {len(found)} kept"]
    return [
        f"{kept.key} {printed.content} {name}: printed {before!r}, kept {after!r}"
        for printed, data in zip(expected, found, strict=True)
        for name, before, after in zip(PrintedRow._fields, printed, data, strict=True)
        if before != after
    ]


@pytest.mark.parametrize(("key", "rows"), [("municipal", 41), ("county", 31)])
def test_the_document_is_parsed_whole(key, rows):
    assert len(printed_rows(ANNEXES[key])) == rows


@pytest.mark.parametrize("key", ANNEXES)
def test_every_row_is_worded_as_printed(key):
    assert differences(framework(key)) == []


@pytest.mark.parametrize("key", ANNEXES)
def test_title_is_worded_as_printed(key):
    assert framework(key).title == title(ANNEXES[key])


def standards_of(data: dict) -> list[dict]:
    return [
        standard
        for block in data["blocks"]
        for indicator in block["indicators"]
        for content in indicator["contents"]
        for standard in content["standards"]
    ]


@pytest.mark.parametrize("key", ANNEXES)
def test_one_character_changed_in_any_row_is_a_difference(key):
    for index, standard in enumerate(framework(key).rows()):
        data = framework(key).to_json()
        text = standard.standard.text
        middle = len(text) // 2
        standards_of(data)[index]["text"] = text[:middle] + "囗" + text[middle + 1 :]
        (difference,) = differences(Framework.from_json(data))
        assert standard.content.code in difference
        assert "囗" in difference


def test_a_bracket_of_the_other_width_is_a_difference():
    data = framework("county").to_json()
    first = standards_of(data)[0]
    assert "(需提供" in first["text"]
    first["text"] = first["text"].replace("(需提供", "（需提供")
    assert len(differences(Framework.from_json(data))) == 1


@pytest.mark.parametrize("level", ["block", "indicator", "content"])
def test_a_changed_name_is_a_difference(level):
    data = framework("municipal").to_json()
    block = data["blocks"][-1]
    indicator = block["indicators"][-1]
    {"block": block, "indicator": indicator, "content": indicator["contents"][-1]}[level]["name"] += "的"
    assert any(f" {level}: " in difference for difference in differences(Framework.from_json(data)))


def test_a_changed_method_is_a_difference():
    data = framework("municipal").to_json()
    standards_of(data)[0]["methods"] = ["hearing"]
    assert len(differences(Framework.from_json(data))) == 1


def test_a_missing_row_is_a_difference():
    data = framework("municipal").to_json()
    data["blocks"][0]["indicators"][0]["contents"][0]["standards"].pop()
    assert differences(Framework.from_json(data)) == ["41 rows printed, 40 kept"]


@pytest.mark.parametrize("key", ANNEXES)
def test_kept_text_has_no_leftovers_of_the_page(key):
    for row in framework(key).rows():
        printed = [row.block.name, row.indicator.name, row.content.name, row.standard.text, *row.standard.evidence]
        for text in printed:
            assert not re.search(r"[<>\n\t]|  ", text), text
            assert not re.match(r"[(（]\d[)）]", text), text
    assert not re.search(r"\s", "".join(row.content.name for row in framework(key).rows()))


@pytest.mark.parametrize("key", ANNEXES)
def test_spaces_inside_a_text_are_the_printed_ones(key):
    printed = re.sub(r"\s*</?[up]>\s*", "", annex(ANNEXES[key]))
    for row in framework(key).rows():
        assert row.standard.text in printed


@pytest.mark.parametrize("key", ANNEXES)
def test_evidence_is_the_numbered_list_of_the_text(key):
    for row in framework(key).rows():
        numbers = re.findall("[①-⑳]", row.standard.text)
        assert numbers == list("①②③④⑤⑥⑦⑧⑨"[: len(row.standard.evidence)])
        rebuilt = "".join(f"{number}{item}" for number, item in zip(numbers, row.standard.evidence, strict=True))
        listed = "".join(re.findall(r"①.*", row.standard.text))
        listed = re.sub(r"(。由\w+考核)?[)）]$", "", listed)
        assert squeeze(rebuilt) == squeeze(re.sub(r"[；;]\s*(?=[①-⑳])", "", listed))


def printed_items() -> list[str]:
    items: list[str] = []
    for line in table(3):
        if re.fullmatch(r"\d+", line[0]):
            items.append(line[1])
        elif line[0] == "" and items:
            items[-1] += line[1]
    return [squeeze(item) for item in items]


def test_organization_items_are_worded_as_printed():
    kept = questionnaire("organization")
    assert [squeeze(item.text) for item in kept.items] == printed_items()
    assert [item.key for item in kept.items] == [line[0] for line in table(3) if line[0].isdigit()]
    assert kept.title == title(3)


def test_leader_aspects_are_worded_as_printed():
    kept = questionnaire("leader")
    assert [squeeze(aspect.text) for aspect in kept.aspects] == [squeeze(cell) for cell in table(4)[0][2:]]
    assert kept.title == title(4)


@pytest.mark.parametrize("key", ["organization", "leader"])
def test_grades_are_worded_as_printed(key):
    header = table(3)[1][2:]
    assert header == ["好", "较好", "一般", "差"]
    assert [grade.name for grade in questionnaire(key).grades] == header
    assert table(4)[1][2] == "".join(f"〔{name}〕 " for name in header).strip()
