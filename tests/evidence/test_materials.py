"""Handing in, withdrawing, reviewing: what holds, on both databases; and the files on the disk."""

import io
import json
import os
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from surveys.acts import audit
from surveys.acts.actors import COMMAND_LINE, Actor, Role
from surveys.acts.errors import BadInput, NotAllowed, NotFound, Refusal, WrongState
from surveys.acts.site import Site
from surveys.evidence import checklists, materials, reviews, stored_files, upload_pieces
from surveys.evidence.checklists import Handed, Item, ItemState, Totals, UnitChecklist
from surveys.evidence.materials import Entry, Place
from surveys.evidence.reviews import Verdict
from surveys.intake.tables import read_tables
from surveys.office import accounts
from surveys.outcome import archives
from surveys.scoring.assessment_states import AssessmentState
from surveys.storage.tables import Account, Assessment, AuditEntry, Exemption, Material, RowChoice
from surveys.storage.upload_pieces import Parts
from tests import handed_in
from tests.builders import assessor, build_unit, dump, run_sql, set_state
from tests.sites import NOW

ZONE = ZoneInfo("Asia/Shanghai")
FIRST = Place("III-4", 1)
REPORT = Place("", 0)


@dataclass(frozen=True)
class Ground:
    """A unit with its reporter, and another of the same assessment with its own."""

    site: Site
    assessment_id: int
    unit_id: int
    reporter: Actor
    other_id: int
    other: Actor

    def hand_in(self, entry: Entry, place: Place = FIRST, actor: Actor | None = None, now: datetime = NOW) -> int:
        with self.site.database.writing() as session:
            return materials.hand_in(session, now, actor or self.reporter, ZONE, place, entry)

    def upload(
        self, name: str = "报告.pdf", data: bytes = handed_in.PDF, place: Place = FIRST, actor: Actor | None = None
    ) -> int:
        return materials.hand_in_file(self.site, NOW, actor or self.reporter, place, name, io.BytesIO(data))

    def withdraw(self, material_id: int, actor: Actor | None = None) -> None:
        with self.site.database.writing() as session:
            materials.withdraw(session, NOW, actor or self.reporter, material_id)

    def review(
        self,
        material_id: int,
        verdict: Verdict = Verdict.ACCEPTED,
        reason: str = "理由",
        seen: int = 0,
        actor: Actor = COMMAND_LINE,
    ) -> None:
        with self.site.database.writing() as session:
            reviews.review(session, NOW, actor, material_id, verdict, reason, seen)

    def set_due(self, due_on: date | None, actor: Actor = COMMAND_LINE) -> None:
        with self.site.database.writing() as session:
            materials.set_due(session, NOW, actor, ZONE, self.assessment_id, due_on)

    def checklist(self) -> UnitChecklist:
        with self.site.database.reading() as session:
            return materials.own_checklist(session, self.reporter)

    def item(self, place: Place = FIRST) -> Item:
        return self.checklist().row(place.row_key).item(place.item)

    def handed(self, place: Place = FIRST) -> Handed:
        (found,) = self.item(place).handed
        return found

    def state(self, state: AssessmentState) -> None:
        run_sql(self.site, "UPDATE assessments SET state = :state", state=state.value)

    def stored(self) -> list[str]:
        return [str(path.relative_to(self.site.files.folder)) for path in self.site.files.folder.glob("??/*")]

    def left_behind(self) -> list[str]:
        return [path.name for path in self.site.files.folder.glob(".new-*")]


def new_reporter(site: Site, name: str, unit_id: int) -> Actor:
    with site.database.writing() as session:
        accounts.create_account(session, NOW, COMMAND_LINE, name, Role.REPORTER, unit_id=unit_id)
        account = session.scalars(sa.select(Account).where(Account.name == name)).one()
        return Actor(account.id, name, Role.REPORTER, unit_id=unit_id)


@pytest.fixture
def ground(site: Site) -> Ground:
    assessment_id, unit_id = build_unit(site, "样例局")
    _, other_id = build_unit(site, "另一个局", assessment_id=assessment_id)
    first, second = new_reporter(site, "报送甲", unit_id), new_reporter(site, "报送乙", other_id)
    return Ground(site, assessment_id, unit_id, first, other_id, second)


@pytest.fixture
def unchanged(ground: Ground) -> Iterator[None]:
    """The test leaves the database and the store as they were."""
    before = dump(ground.site.database), ground.stored()
    yield
    assert (dump(ground.site.database), ground.stored()) == before
    assert not ground.left_behind()


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
    monkeypatch.setattr(Parts, "append", lambda *_: full(0))
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


def test_a_verdict_stands_until_the_next(ground: Ground) -> None:
    material_id = ground.upload()
    for verdict, state in (
        (Verdict.MORE, ItemState.MORE),
        (Verdict.REJECTED, ItemState.REJECTED),
        (Verdict.ACCEPTED, ItemState.ACCEPTED),
    ):
        seen = ground.handed().seen
        ground.review(material_id, verdict, "第 2 页缺章", seen)
        assert ground.handed().state is state
    assert [said.review.verdict for said in ground.handed().said] == ["more", "rejected", "accepted"]


@pytest.mark.parametrize(
    ("verdicts", "state"),
    [
        ([None, Verdict.ACCEPTED], ItemState.WAITING),
        ([Verdict.MORE, None], ItemState.WAITING),
        ([Verdict.MORE, Verdict.ACCEPTED], ItemState.ACCEPTED),
        ([Verdict.ACCEPTED, Verdict.MORE], ItemState.MORE),
        ([Verdict.ACCEPTED, Verdict.REJECTED], ItemState.ACCEPTED),
        ([Verdict.REJECTED, Verdict.REJECTED], ItemState.REJECTED),
    ],
)
def test_where_an_item_with_two_pieces_stands(ground: Ground, verdicts: list[Verdict | None], state: ItemState) -> None:
    for number, verdict in enumerate(verdicts):
        material_id = ground.hand_in(materials.document(f"{number}号", ""))
        if verdict is not None:
            ground.review(material_id, verdict)
    assert ground.item().state is state


def test_a_reviewer_says_why(ground: Ground) -> None:
    material_id = ground.upload()
    before = dump(ground.site.database)
    for verdict, reason in ((Verdict.REJECTED, " "), (Verdict.MORE, ""), (Verdict.MORE, "x" * 501)):
        with pytest.raises(BadInput):
            ground.review(material_id, verdict, reason)
    assert dump(ground.site.database) == before
    ground.review(material_id, Verdict.ACCEPTED, "")


def test_the_later_of_two_reviewers_is_told(ground: Ground) -> None:
    material_id = ground.upload()
    ground.review(material_id, Verdict.REJECTED, "不清楚")
    with pytest.raises(WrongState, match="刚才"):
        ground.review(material_id, Verdict.ACCEPTED, seen=0)
    assert ground.handed().state is ItemState.REJECTED


def test_who_reviews_a_row(ground: Ground) -> None:
    """III-4 is the assessment group's."""
    material_id = ground.upload()
    for actor in (assessor("市委网信办"), assessor("样例局"), ground.reporter, Actor(None, "x", Role.ORGANIZER)):
        with pytest.raises(NotFound):
            ground.review(material_id, actor=actor)
        with pytest.raises(NotFound):
            reviews.file_to_review(ground.site, actor, material_id)
    ground.review(material_id, actor=assessor("考核组"))
    assert ground.handed().said[0].reviewer == "命令行"


def test_nobody_reviews_the_own_unit(site: Site) -> None:
    """回避: the group's own unit goes to the lead office."""
    _, unit_id = build_unit(site, department="考核组")
    reporter = new_reporter(site, "甲", unit_id)
    material_id = materials.hand_in_file(site, NOW, reporter, FIRST, "a.pdf", io.BytesIO(handed_in.PDF))
    with site.database.writing() as session:
        with pytest.raises(NotFound):
            reviews.review(session, NOW, assessor("考核组"), material_id, Verdict.ACCEPTED, "", 0)
        reviews.review(session, NOW, assessor("市委网信办"), material_id, Verdict.ACCEPTED, "", 0)


def test_what_waits_for_whom(ground: Ground) -> None:
    second = ground.hand_in(materials.document("2号", ""), REPORT, now=NOW + timedelta(hours=1))
    ground.upload()
    ground.upload("b.pdf", handed_in.PDF + b"b")
    ground.upload(actor=ground.other)

    def waiting(actor: Actor) -> dict[str, list[tuple[str, str, int]]]:
        with ground.site.database.reading() as session:
            found = reviews.desk(session, actor, ground.assessment_id).waiting
        return {key: [(line.unit.name, line.row.key, line.waiting) for line in lines] for key, lines in found.items()}

    every = {"考核组": [("样例局", "III-4", 2), ("另一个局", "III-4", 1), ("样例局", "", 1)]}
    assert waiting(COMMAND_LINE) == waiting(assessor("考核组")) == every
    assert waiting(assessor("市委网信办")) == {}
    ground.review(second)
    assert waiting(COMMAND_LINE) == {"考核组": every["考核组"][:2]}


def test_counts_as_json(ground: Ground) -> None:
    ground.set_due(date(2026, 3, 1))
    ground.review(ground.upload())
    ground.hand_in(materials.document("1号", ""), REPORT)
    with ground.site.database.reading() as session:
        found = json.loads(json.dumps(stored_files.counts_to_json(session, ground.assessment_id)))
    assert found["due_on"] == "2026-03-01"
    first, second = found["units"]
    required = second["missing"]
    assert first == {
        "id": ground.unit_id,
        "unit": "样例局",
        "category": "市直单位",
        "required": required,
        "handed_in": 2,
        "missing": required - 2,
        "waiting": 1,
        "sent_back": 0,
        "accepted": 1,
        "files": 2,
        "late": 2,
    }


def test_checking_the_files(ground: Ground) -> None:
    ground.upload()
    ground.upload("b.png", handed_in.PNG, Place("III-4", 2))
    ground.upload("c.jpg", handed_in.JPEG, Place("III-4", 3))

    def check() -> stored_files.Checked:
        with ground.site.database.reading() as session:
            return stored_files.check(ground.site, session, ground.assessment_id)

    assert check() == stored_files.Checked(3, ())
    paths = [
        ground.site.files.path(item.handed[0].material.digest or "") for item in ground.checklist().row("III-4").items
    ]
    paths[0].unlink()
    paths[1].write_bytes(handed_in.PNG + b"x")
    found = check()
    assert [(each.gone, each.refers) for each in found.damaged] == [
        (True, "样例局 III-4 报告.pdf"),
        (False, "样例局 III-4 b.png"),
    ]
    ground.upload("again.pdf", place=REPORT)
    ground.upload("again.png", handed_in.PNG, REPORT)
    assert not check().damaged  # the same content handed in once more mends it


def test_cleaning_takes_what_nothing_refers_to(ground: Ground) -> None:
    ground.upload()
    gone = ground.upload("b.png", handed_in.PNG)
    ground.upload("c.jpg", handed_in.JPEG)
    ground.withdraw(gone)
    with ground.site.files.in_use():
        ground.site.files.keep(io.BytesIO(b"a broken transaction's"))
    (ground.site.files.folder / ".new-killed").write_bytes(b"x")
    run_sql(
        ground.site,
        "INSERT INTO proceedings (unit_id, row_key, kind, held_on, people, body, digest, media_type, made_at)"
        " SELECT unit_id, row_key, 'inspection', '2026-01-01', '', '', digest, media_type, made_at FROM materials"
        " WHERE name = 'c.jpg'",
    )
    run_sql(ground.site, "DELETE FROM materials WHERE name = 'c.jpg'")
    assert len(ground.stored()) == 4
    assert stored_files.clean(ground.site, NOW, COMMAND_LINE) == 2
    assert len(ground.stored()) == 2
    assert not ground.left_behind()
    with ground.site.database.reading() as session:
        assert session.scalars(sa.select(AuditEntry.act).order_by(AuditEntry.id.desc())).first() == "material.clean"
    assert stored_files.clean(ground.site, NOW, COMMAND_LINE) == 0


@pytest.mark.both
def test_cleaning_waits_for_who_has_stored_and_not_committed(ground: Ground) -> None:
    with ground.site.files.in_use():
        stored = ground.site.files.keep(io.BytesIO(handed_in.PDF))
        thread = threading.Thread(target=stored_files.clean, args=(ground.site, NOW, COMMAND_LINE))
        thread.start()
        thread.join(0.2)
        assert thread.is_alive()
        ground.hand_in(Entry(materials.MaterialKind.FILE, "a.pdf", "", stored.digest, stored.size, "application/pdf"))
    thread.join(20)
    assert len(ground.stored()) == 1


def archive(ground: Ground, actor: Actor = COMMAND_LINE) -> tuple[str, bytes]:
    with ground.site.database.reading() as session:
        found = archives.unit_archive(ground.site, session, actor, ground.unit_id)
    with found.stream as stream:
        data = stream.read()
    assert len(data) == found.size
    return found.name, data


def test_the_archive_of_a_unit(ground: Ground) -> None:
    ground.review(ground.upload(), Verdict.MORE, "缺章")
    ground.upload("报告.pdf", handed_in.PDF + b"2")
    ground.upload("长" * 100 + ".pdf", handed_in.PDF + b"3", REPORT)
    ground.withdraw(ground.upload("撤回.png", handed_in.PNG))
    ground.hand_in(materials.document("示例发〔2026〕1号", ""), Place("III-4", 2))
    ground.upload("别人.png", handed_in.PNG, actor=ground.other)
    lost = ground.upload("丢.jpg", handed_in.JPEG, Place("III-7", 1))
    ground.site.files.path(
        next(each.material.digest or "" for each in ground.checklist().row("III-7").handed if each.material.id == lost)
    ).unlink()
    name, data = archive(ground)
    assert name == "样例局-样例考核-材料.zip"
    with zipfile.ZipFile(io.BytesIO(data)) as found:
        assert found.testzip() is None
        names = found.namelist()
        assert names[1:] == ["III-4-1-报告.pdf", "III-4-1-报告(2).pdf", "目录.xlsx"]
        assert names[0].startswith("年度报告-0-长长")
        assert all(len(each.encode()) <= archives.MOST_NAME_BYTES for each in names)
        assert found.read("III-4-1-报告.pdf") == handed_in.PDF
        (table,) = read_tables("a.xlsx", found.read("目录.xlsx"))
    lines = ["|".join(row.texts) for row in table.rows]
    assert any("III-4|工作保障|1|" in line and "要求补充" in line and "缺章" in line for line in lines)
    assert any("示例发〔2026〕1号" in line and "待审核" in line for line in lines)
    assert any("丢.jpg" in line and "不在服务器的存储里" in line for line in lines)
    assert any(line.startswith("III-3|") and "未交" in line for line in lines)
    assert not any("撤回.png" in line or "别人" in line for line in lines)
    assert archive(ground)[1] == data


def test_who_takes_the_archive(ground: Ground) -> None:
    for actor in (ground.reporter, assessor("考核组")):
        with pytest.raises(NotAllowed):
            archive(ground, actor)


def piece(ground: Ground, key: str, offset: int, data: bytes, actor: Actor | None = None) -> int:
    with ground.site.database.reading() as session:
        return upload_pieces.add_piece(ground.site, session, actor or ground.reporter, key, offset, data)


def hand_in_pieces(ground: Ground, size: int, actor: Actor | None = None, key: str = "k") -> int:
    """As the page does once all pieces are there."""
    who = actor or ground.reporter
    with upload_pieces.whole(ground.site, who, key, size) as stream:
        return materials.hand_in_file(ground.site, NOW, who, FIRST, "a.pdf", stream)


def test_a_file_in_pieces(ground: Ground) -> None:
    assert piece(ground, "k", 0, handed_in.PDF[:10]) == 10
    assert piece(ground, "k", 0, handed_in.PDF[:10]) == 10  # the answer was lost: sent again
    assert piece(ground, "k", 20, b"out of place") == 10
    assert piece(ground, "k", 10, handed_in.PDF[10:]) == len(handed_in.PDF)
    (part,) = (ground.site.files.folder / "parts").glob("*/*")
    assert part.stat().st_mode & 0o777 == 0o600
    with pytest.raises(WrongState, match="没有传完整"):
        hand_in_pieces(ground, len(handed_in.PDF) + 1)
    material_id = hand_in_pieces(ground, len(handed_in.PDF))
    assert ground.handed().material.id == material_id
    assert not part.exists()
    with pytest.raises(WrongState, match="已不在"):
        hand_in_pieces(ground, len(handed_in.PDF))


def test_pieces_belong_to_an_account(ground: Ground) -> None:
    piece(ground, "k", 0, handed_in.PDF)
    assert piece(ground, "k", 0, b"theirs", ground.other) == 6
    with pytest.raises(WrongState):
        hand_in_pieces(ground, len(handed_in.PDF), ground.other)
    for actor in (COMMAND_LINE, assessor("考核组")):
        with pytest.raises(NotAllowed):
            piece(ground, "k", 0, b"x", actor)


def test_unfit_pieces_are_dropped(ground: Ground) -> None:
    piece(ground, "../../k", 0, handed_in.EXE)
    with pytest.raises(BadInput):
        hand_in_pieces(ground, len(handed_in.EXE), key="../../k")
    assert not list((ground.site.files.folder / "parts").glob("*/*"))
    assert not ground.stored()


def test_pieces_are_bounded(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload_pieces, "MOST_BYTES", 100)
    monkeypatch.setattr(upload_pieces, "PIECE_BYTES", 60)
    assert piece(ground, "k", 0, bytes(60)) == 60
    for offset, data in ((60, bytes(41)), (0, bytes(61)), (-1, b"x")):
        with pytest.raises(BadInput):
            piece(ground, "k", offset, data)
    for key in ("", "x" * 401):
        with pytest.raises(BadInput):
            piece(ground, key, 0, b"x")
    for number in range(8):
        piece(ground, f"k{number}", 0, b"x")
    assert len(list((ground.site.files.folder / "parts").glob("*/*"))) == 5


def test_old_pieces_go(ground: Ground) -> None:
    piece(ground, "k", 0, b"x")
    (part,) = (ground.site.files.folder / "parts").glob("*/*")
    os.utime(part, (0, 0))
    piece(ground, "other", 0, b"x", ground.other)
    assert not part.exists()


@pytest.mark.both
def test_counts_of_a_season_are_read_in_few_statements(ground: Ground) -> None:
    for number in range(8):
        build_unit(ground.site, f"样例{number}局", assessment_id=ground.assessment_id)
    statements: list[str] = []
    with ground.site.database.reading() as session:
        assessment = session.get_one(Assessment, ground.assessment_id)
        sa.event.listen(session.connection(), "before_cursor_execute", lambda *given: statements.append(given[2]))
        assert len(checklists.assessment_checklists(session, assessment)) == 10
    assert len(statements) < 12


def test_an_objection_s_file_is_no_row_s_material(ground: Ground) -> None:
    material_id = ground.upload()
    run_sql(
        ground.site,
        "INSERT INTO objections (id, unit_id, row_key, version, reason, made_at, state, answer)"
        " SELECT 1, unit_id, row_key, 1, '', made_at, 'open', '' FROM materials",
    )
    with ground.site.database.writing() as session:
        session.get_one(Material, material_id).objection_id = 1
        session.commit()
    assert not ground.item().handed
    with pytest.raises(NotFound):
        ground.review(material_id)
    assert stored_files.clean(ground.site, NOW, COMMAND_LINE) == 0
