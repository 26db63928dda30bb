"""The models: JSON there and back, numbers, what a row applies to."""

import json
from decimal import Decimal

import pytest
from pydantic import ValidationError

from surveys.catalog.loader import framework, questionnaire
from surveys.catalog.model import Framework, Method, Questionnaire, Standard, parse_decimal, plain
from surveys.scoring.score_sheet import Kind

STANDARD = {"key": "III-1", "text": "条文", "methods": ["hearing"], "departments": ["考核组"], "points": "2"}


@pytest.mark.parametrize("key", ["municipal", "county"])
def test_framework_survives_json(key):
    kept = framework(key)
    stored = json.dumps(kept.to_json(), ensure_ascii=False)
    assert Framework.from_json(json.loads(stored)) == kept
    assert Framework.from_json(json.loads(stored)).to_json() == kept.to_json()


@pytest.mark.parametrize("key", ["organization", "leader"])
def test_questionnaire_survives_json(key):
    kept = questionnaire(key)
    stored = json.dumps(kept.to_json(), ensure_ascii=False)
    assert Questionnaire.from_json(json.loads(stored)) == kept
    assert Questionnaire.from_json(json.loads(stored)).to_json() == kept.to_json()


def test_shape_of_framework_json():
    data = framework("municipal").to_json()
    assert {"key", "title", "blocks"} <= data.keys()
    for block in data["blocks"]:
        assert block.keys() == {"code", "name", "points", "note", "indicators"}
        for indicator in block["indicators"]:
            assert indicator.keys() == {"code", "name", "contents"}
            for content in indicator["contents"]:
                assert content.keys() == {"code", "name", "standards"}
                for standard in content["standards"]:
                    assert standard.keys() == set(Standard.model_fields)


def test_a_standard_in_json():
    data = framework("municipal").to_json()
    assert data["blocks"][0]["points"] == "50"
    first = data["blocks"][0]["indicators"][0]["contents"][0]["standards"][0]
    assert first == {
        "key": "III-1(1)",
        "text": framework("municipal").blocks[0].indicators[0].contents[0].standards[0].text,
        "methods": ["material_review"],
        "departments": ["考核组"],
        "applies_to": [],
        "kind": "standard",
        "points": "2",
        "starts_full": False,
        "comprehensive": False,
        "evidence": ["党委（党组）会会议纪要", "图片或音视频资料", "其他有效证明材料"],
        "note": "",
    }


def test_shape_of_questionnaire_json():
    organization, leader = questionnaire("organization").to_json(), questionnaire("leader").to_json()
    common = {"key", "kind", "title", "blank", "blanks_allowed", "abstain", "grades"}
    assert organization.keys() == common | {"items"}
    assert leader.keys() == common | {"aspects"}
    assert organization["grades"][0] == {"letter": "A", "name": "好", "weight": "100"}
    assert leader["aspects"][0] == {"key": "1", "text": "总体评价", "weight": "1", "overall": True, "note": ""}


def test_models_are_frozen():
    kept = framework("municipal")
    with pytest.raises(ValidationError):
        kept.title = "别的"
    assert hash(kept) == hash(Framework.from_json(kept.to_json()))


def test_rows_come_with_everything_above_them():
    block, indicator, content, standard = next(framework("county").rows())
    assert (block.code, indicator.code, content.code, standard.key) == ("I-1", "II-1", "III-1", "III-1(1)")


@pytest.mark.parametrize(
    ("tags", "applies"),
    [((), False), (("教育",), True), (["财政", "教育"], True), ({"财政"}, False), (frozenset({"财政", "宣传"}), True)],
)
def test_any_tag_suffices(tags, applies):
    row = Standard.model_validate(STANDARD | {"applies_to": ["教育", "宣传"]})
    assert row.applies(tags) is applies


def test_a_row_without_tags_is_for_everybody():
    row = Standard.model_validate(STANDARD)
    assert row.applies(())
    assert row.applies({"教育"})


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("2", "2"),
        (2, "2"),
        ("2.50", "2.5"),
        ("0.0", "0"),
        ("-0", "0"),
        ("-40", "-40"),
        ("100", "100"),
        (Decimal("1E+2"), "100"),
    ],
)
def test_numbers_as_kept(given, kept):
    assert plain(parse_decimal(given)) == kept


@pytest.mark.parametrize(
    "given", [2.5, 2.0, True, None, "", "NaN", "Infinity", "1e3", "1_0", "２", "+2", "2.", ".5", "2 分", "9" * 50]
)
def test_numbers_refused(given):
    with pytest.raises(ValidationError):
        Standard.model_validate(STANDARD | {"points": given})


def test_defaults():
    row = Standard.model_validate(STANDARD)
    assert (row.kind, row.applies_to, row.evidence, row.note, row.starts_full) == (Kind.STANDARD, (), (), "", False)


def test_every_method_and_kind_has_a_name_for_people():
    assert [method.label for method in Method] == ["材料审核", "专项考评", "综合评定", "听取汇报", "民主测评"]
    assert [kind.label for kind in Kind] == ["测评项", "加分项", "负面清单", "一票否决"]
