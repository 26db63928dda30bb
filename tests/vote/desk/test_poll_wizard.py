"""A poll's leaders, place and planned tickets; changing a draft; the list by date."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
import sqlalchemy as sa

from surveys.acts.actors import COMMAND_LINE
from surveys.acts.errors import BadInput, NotFound, WrongState
from surveys.acts.site import Site
from surveys.polling.states import PollState
from surveys.scoring.grades import BlankPolicy
from surveys.season import assessments
from surveys.season.assessments import LeaderEntry
from surveys.storage.tables import AuditEntry
from surveys.vote import polls
from surveys.vote.poll_entries import BadEntry, entry_of, roster_without
from surveys.vote.polls import ClassEntry, PollEntry
from surveys.vote.ticketing import tickets
from tests.builders import ONE_CLASS, build_poll, build_unit, cast, dump, filled, run_sql, seal, sheet_of
from tests.sites import NOW

ENTRY = PollEntry(0, "年度民主测评", 10, ONE_CLASS)
PEOPLE = (LeaderEntry("阿卜杜拉·买买提", "副局长"), LeaderEntry("样例䶮", "局长"))
A, B, C = (
    ClassEntry(key, name, Decimal(weight)) for key, name, weight in (("A", "甲", 30), ("B", "乙", 30), ("C", "丙", 40))
)


def create(site: Site, entry: PollEntry) -> int:
    with site.database.writing() as session:
        return polls.create_poll(session, NOW, COMMAND_LINE, entry)


def update(site: Site, poll_id: int, **changes) -> None:
    with site.database.writing() as session:
        entry = entry_of(polls.poll_of(session, poll_id))
        polls.update_poll(session, NOW, COMMAND_LINE, poll_id, replace(entry, **changes))


def stored(site: Site, poll_id: int) -> PollEntry:
    with site.database.reading() as session:
        return entry_of(polls.poll_of(session, poll_id))


def issue(site: Site, poll_id: int, key: str, count: int = 2) -> list[str]:
    with site.database.writing() as session:
        return tickets.issue(session, NOW, COMMAND_LINE, poll_id, key, count).codes


def open_poll(site: Site, poll_id: int) -> None:
    with site.database.writing() as session:
        polls.open_poll(session, NOW, COMMAND_LINE, poll_id)


def test_a_poll_is_kept_as_entered(site):
    _, unit_id = build_unit(site)
    classes = [replace(A, planned=20), B, C]
    entry = replace(
        ENTRY,
        unit_id=unit_id,
        classes=classes,
        held_on=date(2026, 3, 2),
        place=" 三楼会议室 ",
        leaders=PEOPLE,
        organization="",
        blank=BlankPolicy.SPOIL,
        blanks_allowed=False,
        abstain="不了解",
        quorum=Fraction(3, 5),
        two_person=True,
        rehearsal=True,
    )
    assert stored(site, create(site, entry)) == replace(entry, place="三楼会议室", leaders=list(PEOPLE))


def test_the_ballot_has_exactly_these_leaders_in_this_order(site):
    _, unit_id = build_unit(site, leaders=3)
    poll_id = create(site, replace(ENTRY, unit_id=unit_id, leaders=PEOPLE))
    run_sql(site, "UPDATE leaders SET name = '换人'")
    (code, *_) = issue(site, poll_id, "A")
    open_poll(site, poll_id)
    sheet = sheet_of(site, poll_id)
    assert [(leader.name, leader.post) for leader in sheet.leaders] == [(each.name, each.post) for each in PEOPLE]
    assert sheet.length() == 9 + 2 * 7
    assert cast(site, code, filled(sheet))


def test_sixty_leaders(site):
    _, unit_id = build_unit(site, leaders=60)
    poll_id = create(site, replace(ENTRY, unit_id=unit_id))
    codes = issue(site, poll_id, "A")
    open_poll(site, poll_id)
    sheet = sheet_of(site, poll_id)
    assert (len(sheet.leaders), sheet.length()) == (60, 9 + 60 * 7)
    assert cast(site, codes[0], filled(sheet, "ABCD"))


def test_namesakes_with_posts_are_two_people(site):
    _, unit_id = build_unit(site)
    people = (LeaderEntry("样例甲", "局长"), LeaderEntry("样例甲", "副局长"))
    assert stored(site, create(site, replace(ENTRY, unit_id=unit_id, leaders=people))).leaders == list(people)


def test_every_fault_is_told_with_its_field(site):
    _, unit_id = build_unit(site)
    classes = (A, ClassEntry("A", " ", Decimal(0), 0))
    wrong = replace(ENTRY, unit_id=unit_id, title="", entitled=0, place="长" * 101, classes=classes, leaders=())
    before = dump(site.database)
    with pytest.raises(BadEntry) as caught:
        create(site, wrong)
    fields = [fault.field for fault in caught.value.faults]
    assert fields == [
        *("title", "place", "entitled", "classes-1-key", "classes-1-name", "classes-1-weight", "classes-1-planned"),
        "leaders",
    ]
    assert len(str(caught.value).splitlines()) == len(fields)
    assert dump(site.database) == before


def test_a_draft_is_changed_and_the_log_says_how(site):
    world = build_poll(site, count=0, opened=False)
    changes = {
        "title": "新名称",
        "entitled": 12,
        "held_on": date(2026, 3, 2),
        "place": "三楼",
        "classes": [B, replace(A, planned=5)],
        "leaders": PEOPLE[:1],
        "organization": "",
        "blank": BlankPolicy.ZERO,
        "blanks_allowed": False,
        "abstain": "弃权",
        "quorum": Fraction(1, 2),
        "two_person": True,
        "rehearsal": True,
    }
    before = stored(site, world.poll_id)
    update(site, world.poll_id, **changes)
    found = stored(site, world.poll_id)
    assert found == replace(before, **(changes | {"classes": [replace(A, planned=5), B], "leaders": [PEOPLE[0]]}))
    (entry,) = audited(site, "poll.update")
    assert entry.detail == (
        "名称 年度民主测评→新名称；日期 无→2026-03-02；地点 无→三楼；应到 10→12；单位测评表 organization→无；"
        "领导名单 按单位名单→阿卜杜拉·买买提 副局长；票种 A 参评人 1→A 甲 30 5张、B 乙 30；未填 exclude→zero；"
        "允许漏填 是→否；弃权选项 无→弃权；"
        "到会比例 2/3→1/2；双人启封 否→是；演练 否→是"
    )


def audited(site: Site, act: str) -> list[AuditEntry]:
    with site.database.reading() as session:
        return list(session.scalars(sa.select(AuditEntry).where(AuditEntry.act == act)))


def test_nothing_changed_is_not_logged(site):
    world = build_poll(site, count=0, opened=False)
    before = dump(site.database)
    update(site, world.poll_id)
    assert dump(site.database) == before


def test_changing_keeps_the_number_present(site):
    world = build_poll(site, count=0, opened=False, present=7)
    update(site, world.poll_id, present=None, entitled=12)
    assert stored(site, world.poll_id).present == 7


def test_a_class_with_tickets_is_renamed_but_neither_removed_nor_rekeyed(site):
    world = build_poll(site, count=0, opened=False, classes=(A, B, C))
    issue(site, world.poll_id, "B")
    before = dump(site.database)
    for classes in ([A, C], [A, replace(B, key="D"), C]):
        with pytest.raises(BadEntry, match="票种 B 已经发过票") as caught:
            update(site, world.poll_id, classes=classes)
        assert [fault.field for fault in caught.value.faults] == ["classes"]
        assert dump(site.database) == before
    renamed = replace(B, name="新名", weight=Decimal("0.5"), planned=9)
    update(site, world.poll_id, classes=[renamed])
    assert stored(site, world.poll_id).classes == [renamed]
    update(site, world.poll_id, classes=[replace(A, name="又来"), renamed])
    assert [each.key for each in stored(site, world.poll_id).classes] == ["A", "B"]


def test_the_checks_are_those_of_a_new_poll(site):
    world = build_poll(site, count=0, opened=False)
    before = dump(site.database)
    for changes in (
        {"title": ""},
        {"classes": ()},
        {"leaders": ()},
        {"abstain": "七个字的弃权名"},
        {"organization": "", "leader": ""},
    ):
        with pytest.raises(BadEntry):
            update(site, world.poll_id, **changes)
    assert dump(site.database) == before


def test_only_a_draft_is_changed(site):
    world = build_poll(site, count=1)
    for step in (None, polls.close_poll):
        if step is not None:
            with site.database.writing() as session:
                step(session, NOW, COMMAND_LINE, world.poll_id)
        before = dump(site.database)
        with pytest.raises(WrongState):
            update(site, world.poll_id, title="改")
        assert dump(site.database) == before
    seal(site, world.poll_id)
    with pytest.raises(WrongState):
        update(site, world.poll_id, title="改")


def test_a_poll_stays_with_its_unit_and_is_found(site):
    world = build_poll(site, count=0, opened=False)
    _, other = build_unit(site, "另一局", assessment_id=world.assessment_id)
    with pytest.raises(BadInput, match="不能换单位"):
        update(site, world.poll_id, unit_id=other)
    with pytest.raises(NotFound), site.database.writing() as session:
        polls.update_poll(session, NOW, COMMAND_LINE, 999, ENTRY)


def test_the_rehearsal_of_a_poll_stays_one(site):
    world = build_poll(site, count=0, opened=False, rehearsal=True)
    run_sql(site, "UPDATE polls SET rehearsal_of = id")
    with pytest.raises(BadEntry, match="演练"):
        update(site, world.poll_id, rehearsal=False)
    update(site, world.poll_id, title="改")


def test_a_roster_without_somebody(site):
    _, unit_id = build_unit(site, leaders=3)
    run_sql(site, "UPDATE leaders SET name = '样例1' WHERE position = 3")
    with site.database.reading() as session:
        unit = assessments.unit_of(session, unit_id)
        assert [leader.name for leader in roster_without(unit, ["样例2"])] == ["样例1", "样例1"]
        with pytest.raises(BadInput, match=r"没有“样例9”.*样例2"):
            roster_without(unit, ["样例9"])
        with pytest.raises(BadInput, match="2 位“样例1”"):
            roster_without(unit, ["样例1"])


def test_polls_are_listed_by_date_and_found_by_state_and_words(site):
    assessment_id, unit_id = build_unit(site, "样例局")
    _, other = build_unit(site, "Other_局", assessment_id=assessment_id)
    days = {1: None, 2: date(2026, 3, 1), 3: date(2026, 3, 9), 4: date(2026, 3, 1), 5: None}
    ids = {
        number: create(
            site, replace(ENTRY, unit_id=other if number == 3 else unit_id, held_on=day, place=f"{number}楼")
        )
        for number, day in days.items()
    }
    open_poll(site, ids[2])

    def found(state: PollState | None = None, words: str = "") -> list[int]:
        numbers = {poll_id: number for number, poll_id in ids.items()}
        with site.database.reading() as session:
            return [numbers[poll.id] for poll in polls.list_polls(session, state, words)]

    assert found() == [3, 4, 2, 5, 1]
    assert found(PollState.OPEN) == [2]
    assert found(PollState.SEALED) == []
    assert found(words="other") == [3]
    assert found(words="_") == [3]
    assert found(words="%") == []
    assert found(words="样例 4楼") == [4]
    assert found(PollState.DRAFT, "年度") == [3, 4, 5, 1]
