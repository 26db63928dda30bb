"""The wizard's form: what was typed is kept, the order of leaders, faults at the fields they belong to."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from surveys.polling.ballot_classes import PRESETS, ClassEntry
from surveys.scoring.grades import BlankPolicy
from surveys.season.assessments import LeaderEntry
from surveys.vote.pages import wizard_form
from surveys.vote.pages.wizard_form import CUSTOM, ClassLine, FormFaults, LeaderLine, PollForm
from surveys.vote.poll_entries import PollEntry

ROSTER = [LeaderEntry(name, "职务") for name in ("甲", "乙", "丙", "丁")]


def form(**changes: object) -> PollForm:
    return replace(wizard_form.fresh(ROSTER), **{"entitled": "10", **changes})  # type: ignore[arg-type]


def entry(changed: PollForm) -> PollEntry:
    return wizard_form.read(changed, 1, ROSTER).entry


def names(changed: PollForm) -> str:
    return "".join(leader.name for leader in entry(changed).leaders or ())


def faults(changed: PollForm) -> dict[str, str]:
    with pytest.raises(FormFaults) as caught:
        entry(changed)
    return caught.value.faults


def ordered(*numbers: str) -> PollForm:
    """The roster with these order numbers typed over 1, 2, 3, 4."""
    changed = form()
    for line, number in zip(changed.leaders, numbers, strict=False):
        line.order = number
    return changed


def test_untouched_the_list_is_the_units_as_it_will_be() -> None:
    assert entry(form()).leaders is None


@pytest.mark.parametrize(
    ("numbers", "order"),
    [
        (("1", "2", "3", "1"), "丁甲乙丙"),  # up to 1: the others make way
        (("1", "2", "3", "2"), "甲丁乙丙"),
        (("3", "2", "3", "4"), "乙丙甲丁"),  # down to 3
        (("4", "3", "2", "1"), "丁丙乙甲"),
        (("2", "1", "3", "4"), "乙甲丙丁"),
        (("", "2", "3", "4"), "乙丙丁甲"),  # without a number: at the end
        (("", "", "3", "4"), "丙丁甲乙"),
        (("１０", "2", "3", "4"), "乙丙丁甲"),
    ],
)
def test_leaders_are_moved_by_their_number(numbers: tuple[str, ...], order: str) -> None:
    assert names(ordered(*numbers)) == order


def test_two_moved_to_one_place_are_asked_about() -> None:
    assert faults(ordered("1", "2", "1", "1")) == {"leaders-3-order": "顺序 1 与“丙”的相同，请改一个。"}


def test_who_is_not_ticked_is_left_out() -> None:
    changed = form()
    changed.leaders[1].on = False
    changed.leaders[1].order = "不是数字"  # and what stands on such a line does not matter
    assert names(changed) == "甲丙丁"


def test_somebody_not_on_the_roster() -> None:
    changed = form()
    changed.leaders[4:] = [LeaderLine("戊", "新职务", "2"), LeaderLine(), LeaderLine("己")]
    assert names(changed) == "甲戊乙丙丁己"


def test_faults_of_leaders_stand_on_their_lines() -> None:
    """Lines that do not count are between them."""
    changed = form()
    changed.leaders[0].on = False
    changed.leaders[4:] = [LeaderLine(), LeaderLine("", "只有职务"), LeaderLine("乙", "职务", "1")]
    found = faults(changed)
    assert set(found) == {"leaders-5-name", "leaders-1-name"}  # 乙 stands second now, after the one typed in
    assert "出现了两次" in found["leaders-1-name"]


def test_namesakes_are_told_apart_by_their_posts() -> None:
    changed = form()
    changed.leaders[4] = LeaderLine("乙", "另一职务")
    assert names(changed) == "甲乙丙丁乙"


def test_nobody_ticked_is_a_fault_unless_no_leader_is_rated() -> None:
    changed = form()
    for line in changed.leaders:
        line.on = False
    assert "一位领导也没有上票" in faults(changed)["leaders"]
    assert entry(replace(changed, leader="")).leader == ""


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.key)
def test_a_preset_fills_the_lines_and_keeps_the_numbers_planned(preset) -> None:
    changed = form(preset=preset.key)
    changed.classes[0].planned = "２０"
    changed.fill_classes()
    first, *others = preset.classes
    assert entry(changed).classes == [replace(first, planned=20), *others]


def test_the_custom_preset_leaves_the_lines() -> None:
    changed = form(preset=CUSTOM)
    before = list(changed.classes)
    changed.fill_classes()
    assert changed.classes == before


def test_a_preset_chosen_but_not_filled_in_is_asked_about() -> None:
    found = faults(form(preset="30-30-40"))
    assert set(found) == {"preset"}
    assert "按所选填好" in found["preset"]


def test_a_preset_chosen_and_typed_by_hand_is_taken() -> None:
    lines = [ClassLine(key, "甲", weight) for key, weight in (("ａ", "30"), ("B", "３０％"), ("c", "40.0"))]
    assert [each.key for each in entry(form(preset="30-30-40", classes=lines)).classes] == ["A", "B", "C"]


def test_lines_of_a_preset_may_be_changed() -> None:
    changed = form(preset="30-30-40")
    changed.fill_classes()
    changed.classes[2] = ClassLine("C", "工人", "５０", "")
    assert entry(changed).classes[2] == ClassEntry("C", "工人", Decimal(50))


def test_faults_of_classes_stand_on_their_lines() -> None:
    lines = [ClassLine("A", "甲", "1"), ClassLine(), ClassLine("a", "", "很多", "几张"), ClassLine("", "乙", "0", "0")]
    found = faults(form(preset=CUSTOM, classes=lines))
    assert set(found) == {
        *(f"classes-2-{part}" for part in ("key", "name", "weight", "planned")),
        *(f"classes-3-{part}" for part in ("key", "weight", "planned")),
    }


def test_every_fault_is_found_at_once() -> None:
    changed = form(
        title=" ", held_on="明天", place="长" * 101, organization="", leader="", quorum="一半", blank="x", classes=[]
    )
    changed.leaders[3].order = "x"
    assert list(faults(replace(changed, entitled="很多", organization="nothing"))) == [
        *("title", "held_on", "place", "organization", "leaders-3-order", "classes", "entitled", "quorum", "blank")
    ]


@pytest.mark.parametrize("entitled", ["", "0", "-3", "100001", "四十八"])
def test_how_many_are_entitled(entitled: str) -> None:
    assert set(faults(form(entitled=entitled))) == {"entitled"}


@pytest.mark.parametrize(
    ("changes", "values"),
    [
        ({"entitled": "４８人"}, {"entitled": 48}),
        ({"quorum": "６０％"}, {"quorum": Fraction(3, 5)}),
        ({"held_on": "2026年3月2日"}, {"held_on": date(2026, 3, 2)}),
        ({"organization": ""}, {"organization": ""}),
        ({"blank": "spoil"}, {"blank": BlankPolicy.SPOIL}),
        ({"blanks_allowed": False, "abstain": " 不了解 "}, {"blanks_allowed": False, "abstain": "不了解"}),
        ({"two_person": True, "rehearsal": True}, {"two_person": True, "rehearsal": True}),
    ],
)
def test_what_is_typed_is_what_is_meant(changes: dict[str, object], values: dict[str, object]) -> None:
    found = entry(form(**changes))
    assert {name: getattr(found, name) for name in values} == values


def test_a_poll_and_its_form_are_the_same() -> None:
    """Also with somebody left out, somebody from elsewhere, and an order of its own."""
    people = [ROSTER[2], LeaderEntry("戊", "新职务"), ROSTER[0]]
    classes = [ClassEntry("A", "甲", Decimal("0.5"), 7), ClassEntry("B", "乙", Decimal(60))]
    poll = PollEntry(
        1,
        "名称",
        12,
        classes,
        None,
        "",
        "leader",
        BlankPolicy.ZERO,
        False,
        "不了解",
        Fraction(3, 5),
        True,
        True,
        date(2026, 3, 2),
        "楼",
        people,
    )
    shown = wizard_form.form_of(poll, ROSTER)
    assert wizard_form.read(shown, 1, ROSTER).entry == poll
    assert [(line.name, line.on, line.listed) for line in shown.leaders[:5]] == [
        ("丙", True, True),
        ("戊", True, False),
        ("甲", True, True),
        ("乙", False, True),
        ("丁", False, True),
    ]


def test_a_form_is_read_as_it_was_sent() -> None:
    """Lines that were sent with gaps keep their numbers no longer, but all of their words."""
    sent = {
        "title": " 名称 ",
        "two_person": "y",
        "leaders-0-name": "甲",
        "leaders-0-listed": "y",
        "classes-0-name": "x",
    }
    found = wizard_form.typed_form(sent)
    assert (found.title, found.two_person, found.blanks_allowed) == (" 名称 ", True, False)
    assert found.leaders[0] == LeaderLine("甲", listed=True)
    assert found.classes[0] == ClassLine(name="x")
    assert len(found.classes) >= 4
