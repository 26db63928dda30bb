"""Handing in and withdrawing: what holds, on both databases; and the files on the disk."""

import io
import os
import threading
from datetime import UTC, date, datetime

import pytest

from surveys.acts import audit
from surveys.acts.actors import COMMAND_LINE, Actor, Role
from surveys.acts.errors import BadInput, NotAllowed, NotFound, Refusal, WrongState
from surveys.acts.site import Site
from surveys.evidence import checklists, materials, reviews
from surveys.evidence.checklists import ItemState, Totals
from surveys.evidence.materials import Place
from surveys.evidence.reviews import Verdict
from surveys.scoring.assessment_states import AssessmentState
from surveys.storage.tables import Exemption, RowChoice
from surveys.storage.upload_pieces import UnfinishedFiles
from tests import handed_in
from tests.builders import assessor, build_unit, dump, set_state
from tests.evidence.ground import FIRST, REPORT, Ground, new_reporter, piece
from tests.sites import NOW


def test_the_checklist_is_the_report_and_the_rows_that_apply_and_list_evidence(ground: Ground) -> None:
    found = ground.checklist()
    keys = [row.key for row in found.rows]
    assert keys[0] == ""
    assert keys[1:4] == ["III-1(1)", "III-1(2)", "III-3"]
    assert "III-2" not in keys  # special evaluation
    assert "III-16" not in keys  # another kind of unit
    assert "III-34" not in keys  # a veto
    assert [item.text for item in found.row("III-4").items] == ["工作分工等相关文件", "会议纪要", "其他有效证明材料"]
    assert [item.state for item in found.row("III-4").items] == ["missing", "missing", "nothing"]
    assert found.row("III-32").items[0].state is ItemState.NOTHING  # nobody must have a commendation
    required = sum(item.required for row in found.rows for item in row.items)
    assert found.totals == Totals(required, 0, required, 0, 0, 0, 0, 0)
    assert required > 20


def test_a_unit_with_the_tag_has_the_row_without_a_list(site: Site) -> None:
    _, unit_id = build_unit(site, tags=("群团组织",))
    with site.database.reading() as session:
        found = materials.own_checklist(session, new_reporter(site, "甲", unit_id)).row("III-16")
    assert [(item.number, item.text, item.required) for item in found.items] == [(0, "证明材料", True)]


def test_what_is_exempted_or_heard_instead_needs_nothing(ground: Ground) -> None:
    ground.upload()
    with ground.site.database.writing() as session:
        for key in ("III-4", "III-7"):
            session.add(Exemption(unit_id=ground.unit_id, row_key=key, reason="x", document="y", made_at=NOW))
        session.add(RowChoice(unit_id=ground.unit_id, row_key="III-3", method="hearing", made_at=NOW))
        session.commit()
    found = ground.checklist()
    keys = [row.key for row in found.rows]
    assert "III-7" not in keys
    assert "III-3" not in keys
    assert not found.row("III-4").open  # what was handed in before stays in sight
    with pytest.raises(WrongState):
        ground.upload("b.pdf")


def test_a_file_is_handed_in(ground: Ground) -> None:
    material_id = ground.upload("C:\\材料\\报告.pdf")
    handed = ground.handed()
    material = handed.material
    assert (material.id, material.name, material.size) == (material_id, "报告.pdf", len(handed_in.PDF))
    assert (material.media_type, material.late, handed.reporter) == ("application/pdf", False, "报送甲")
    assert handed.state is ItemState.WAITING
    with materials.own_file(ground.site, ground.reporter, material_id).stream as stream:
        assert stream.read() == handed_in.PDF
    with ground.site.database.reading() as session:
        (entry,) = audit.entries(session, "样例局 III-4")
    assert material.digest in entry.detail


def test_a_file_lies_under_its_digest_for_its_owner_alone(ground: Ground) -> None:
    ground.upload()
    digest = ground.handed().material.digest
    assert digest is not None
    path = ground.site.files.folder / digest[:2] / digest[2:]
    assert path.read_bytes() == handed_in.PDF
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert ground.site.files.folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("name", ["../../../etc/passwd", "a" * 63, "A" * 64, "0" * 63 + "/", "", "0" * 64 + "\n"])
def test_only_a_digest_is_an_address(site: Site, name: str) -> None:
    with pytest.raises(ValueError, match="digest"):
        site.files.path(name)


def test_the_same_content_lies_once(ground: Ground) -> None:
    ids = {
        ground.upload("a.pdf"),
        ground.upload("b.pdf", place=Place("III-4", 2)),
        ground.upload(actor=ground.other),
    }
    assert len(ids) == 3
    assert len(ground.stored()) == 1


def test_the_same_file_twice_in_a_place_is_one(ground: Ground) -> None:
    """A reporter whose network broke sends again."""
    assert ground.upload() == ground.upload() == ground.handed().material.id
    link = materials.link("https://www.example.cn/a", "")
    assert ground.hand_in(link) == ground.hand_in(link)
    assert len(ground.item().handed) == 2


@pytest.mark.both
def test_two_at_once(ground: Ground) -> None:
    ids: list[int] = []
    threads = [threading.Thread(target=lambda: ids.append(ground.upload())) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 6
    assert len(set(ids)) == 1
    assert len(ground.stored()) == 1
    assert not ground.left_behind()


@pytest.mark.parametrize(
    ("name", "data"), [("a.pdf", b""), ("a.pdf", handed_in.EXE), ("a.docm", handed_in.EXE), ("", handed_in.PDF)]
)
def test_an_unfit_file_is_kept_nowhere(ground: Ground, unchanged: None, name: str, data: bytes) -> None:
    with pytest.raises(BadInput):
        ground.upload(name, data)


def test_a_file_that_breaks_off_is_kept_nowhere(ground: Ground, unchanged: None) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if size is not None and size > 1000:
                raise OSError("gone")
            return super().read(size)

    with pytest.raises(OSError, match="gone"):
        materials.hand_in_file(ground.site, NOW, ground.reporter, FIRST, "a.pdf", Broken(handed_in.PDF))


def test_a_full_disk_is_said_in_words(ground: Ground, unchanged: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WrongState, match="空间不够"):
        ground.upload()
    monkeypatch.undo()
    monkeypatch.setattr(UnfinishedFiles, "append", lambda *_: full(0))
    with pytest.raises(WrongState, match="空间不够"):
        piece(ground, "k", 0, b"x")


@pytest.mark.parametrize(
    ("place", "error"),
    [
        (Place("III-4", 4), NotFound),
        (Place("III-4", 0), NotFound),
        (Place("III-4", -1), NotFound),
        (Place("III-2", 0), NotFound),
        (Place("III-16", 0), NotFound),
        (Place("nothing", 1), NotFound),
        (Place("", 1), NotFound),
    ],
)
def test_only_places_of_the_own_checklist(ground: Ground, unchanged: None, place: Place, error: type[Refusal]) -> None:
    with pytest.raises(error):
        ground.upload(place=place)


@pytest.mark.parametrize("actor", [COMMAND_LINE, assessor("考核组"), Actor(None, "x", Role.REPORTER)])
def test_only_a_reporter_hands_in(ground: Ground, unchanged: None, actor: Actor) -> None:
    with pytest.raises(NotAllowed):
        ground.upload(actor=actor)


@pytest.mark.parametrize("state", [state for state in AssessmentState if state is not AssessmentState.MARKING])
def test_material_is_taken_back_and_forth_while_marking_only(ground: Ground, state: AssessmentState) -> None:
    material_id = ground.upload()
    ground.state(state)
    before = dump(ground.site.database)
    for act in (
        lambda: ground.upload("b.pdf"),
        lambda: ground.withdraw(material_id),
        lambda: ground.review(material_id),
    ):
        with pytest.raises(WrongState):
            act()
    assert dump(ground.site.database) == before


def test_a_place_has_room_for_so_many(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(materials, "MOST_PER_ITEM", 2)
    for number in range(2):
        ground.hand_in(materials.document(f"示例发〔2026〕{number}号", ""))
    with pytest.raises(WrongState, match="不能再加"):
        ground.hand_in(materials.document("示例发〔2026〕9号", ""))


@pytest.mark.parametrize(
    "address", ["https://www.example.cn/a?b=1#c", "http://192.168.1.1:8080/x", "  https://例子.cn/a "]
)
def test_links(ground: Ground, address: str) -> None:
    ground.hand_in(materials.link(address, ""))
    material = ground.handed().material
    assert (material.kind, material.reference, material.digest) == ("link", address.strip(), None)
    assert material.name


@pytest.mark.parametrize(
    "address",
    [
        "",
        "www.example.cn",
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://example.cn",
        "file:///etc/passwd",
        "https://",
        "https://good.cn@evil.cn/",
        "https://a b.cn",
        'https://a.cn/"onload=x',
        "https://a.cn/<b>",
        "https://[::1",
        "https://a.cn:99999999/",
        "https://a.cn/" + "x" * 500,
        "https://a.cn/\nx",
    ],
)
def test_what_is_no_link(address: str) -> None:
    with pytest.raises(BadInput):
        materials.link(address, "")


def test_document_numbers(ground: Ground) -> None:
    ground.hand_in(materials.document(" 示例发〔2026〕 3号 ", "年度\t报告"), REPORT)
    material = ground.handed(REPORT).material
    assert (material.kind, material.reference, material.name) == ("document", "示例发〔2026〕 3号", "年度 报告")
    for number, title in (("", ""), (" ", ""), ("x" * 201, ""), ("x", "y" * 101)):
        with pytest.raises(BadInput):
            materials.document(number, title)


@pytest.mark.parametrize(
    ("now", "late"),
    [
        (datetime(2026, 3, 10, 15, 59, 59, tzinfo=UTC), False),  # 23:59:59 of the day in Shanghai
        (datetime(2026, 3, 10, 16, 0, 0, tzinfo=UTC), True),
    ],
)
def test_the_last_day_is_whole_where_the_unit_is(ground: Ground, now: datetime, late: bool) -> None:
    ground.set_due(date(2026, 3, 10))
    ground.hand_in(materials.document("1号", ""), now=now)
    assert ground.handed().material.late is late
    assert ground.checklist().totals.late == late


def test_a_later_deadline_forgives_and_an_earlier_one_blames_nobody(ground: Ground) -> None:
    ground.set_due(date(2026, 3, 1))
    ground.hand_in(materials.document("1号", ""))
    assert ground.handed().material.late
    ground.set_due(date(2026, 3, 2))
    assert not ground.handed().material.late
    ground.set_due(date(2026, 1, 1))
    assert not ground.handed().material.late
    ground.set_due(None)
    assert ground.checklist().assessment.material_due_on is None


def test_who_sets_a_deadline(ground: Ground, unchanged: None) -> None:
    for actor in (ground.reporter, assessor("考核组")):
        with pytest.raises(NotAllowed):
            ground.set_due(date(2026, 3, 1), actor)
    with pytest.raises(BadInput):
        ground.set_due(date(1026, 3, 1))


ENDED = (
    AssessmentState.PROVISIONAL,
    AssessmentState.APPEAL,
    AssessmentState.CERTIFIED,
    AssessmentState.ARCHIVED,
)


@pytest.mark.parametrize("state", ENDED)
def test_after_marking_the_deadline_and_what_was_late_stay(ground: Ground, state: AssessmentState) -> None:
    ground.set_due(date(2026, 3, 1))
    ground.hand_in(materials.document("1号", ""))
    set_state(ground.site, ground.assessment_id, state)
    before = dump(ground.site.database)
    for due_on in (date(2026, 3, 31), None):
        with pytest.raises(WrongState, match="报送期限不能再改"):
            ground.set_due(due_on)
    assert dump(ground.site.database) == before
    assert ground.handed().material.late


@pytest.mark.parametrize(("due_on", "left"), [(None, None), (date(2026, 3, 2), 0), (date(2026, 3, 1), -1)])
def test_days_left(due_on: date | None, left: int | None) -> None:
    assert checklists.days_left(due_on, date(2026, 3, 2)) == left


def test_withdrawing_before_a_review(ground: Ground) -> None:
    material_id = ground.upload()
    ground.withdraw(material_id)
    assert not ground.item().handed
    with pytest.raises(WrongState):
        ground.withdraw(material_id)
    with pytest.raises(NotFound):
        materials.own_file(ground.site, ground.reporter, material_id)
    with pytest.raises(NotFound):
        reviews.file_to_review(ground.site, COMMAND_LINE, material_id)
    with pytest.raises(WrongState):
        ground.review(material_id)
    with ground.site.database.reading() as session:
        assert materials.receipt(session, ground.reporter, material_id)[1].material.withdrawn_at == NOW
    assert ground.upload() != material_id  # handed in anew, not the withdrawn one again


def test_what_was_reviewed_stays(ground: Ground) -> None:
    material_id = ground.upload()
    ground.review(material_id, Verdict.REJECTED)
    with pytest.raises(WrongState):
        ground.withdraw(material_id)


def test_another_unit_s_material_does_not_exist(ground: Ground) -> None:
    theirs = ground.upload(actor=ground.other)
    before = dump(ground.site.database)
    with ground.site.database.reading() as session, pytest.raises(NotFound):
        materials.receipt(session, ground.reporter, theirs)
    with pytest.raises(NotFound):
        materials.own_file(ground.site, ground.reporter, theirs)
    with pytest.raises(NotFound):
        ground.withdraw(theirs)
    assert dump(ground.site.database) == before
    assert not ground.item().handed
