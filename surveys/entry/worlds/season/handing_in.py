"""Material handed in and reviewed, and what the assessment group does with each unit besides (document, section 四)."""

import io
from datetime import timedelta

from PIL import Image
from sqlalchemy.orm import Session

from surveys.acts.actors import Actor
from surveys.entry.worlds.season.plan import GROUP, Unit
from surveys.entry.worlds.season.stage import FIRST_DAY, Stage, moment
from surveys.evidence import materials, proceedings, reviews
from surveys.evidence.checklists import REPORT, UnitChecklist
from surveys.evidence.materials import Entry, Place
from surveys.evidence.proceeding_records import ProceedingKind, own_feedback
from surveys.evidence.proceedings import Photo, ProceedingEntry, inspection_body
from surveys.evidence.reviews import Verdict

FILES = 4
"""Files a unit with its own reporter hands in; of these the second is asked for again."""


def hand_in(stage: Stage) -> int:
    """How many pieces."""
    with stage.site.database.writing() as session:
        admin, zone = stage.staff.admins[0], stage.site.settings.time_zone
        due = moment(stage.site, 40).date()
        materials.set_due(session, moment(stage.site, 5), admin, zone, stage.assessment_id, due)
    return sum(_hand_in(stage, number, unit, unit_id) for number, (unit, unit_id) in enumerate(stage.units()))


def _hand_in(stage: Stage, number: int, unit: Unit, unit_id: int) -> int:
    site, reporter, reviewer = stage.site, stage.reporter(unit), stage.staff.assessors[GROUP]
    now, later = moment(site, 30), moment(site, 45 if number % 12 == 5 else 38)  # some are late
    with site.database.reading() as session:
        places = _places(materials.own_checklist(session, reporter))
    given = []
    if unit.has_reporter:
        for place in places[:FILES]:
            stream = io.BytesIO(f"%PDF-1.7\n% {unit.name} {place}\n%%EOF\n".encode())
            name = f"{place.row_key} 证明材料 {place.item}.pdf"
            given.append(materials.hand_in_file(site, now, reporter, place, name, stream))
    with site.database.writing() as session:

        def more(place: Place, entry: Entry) -> int:
            return materials.hand_in(session, later, reporter, site.settings.time_zone, place, entry)

        report = more(Place(REPORT, 0), materials.document(f"示例报〔2025〕{number + 1}号", "年度工作报告"))
        link = more(places[FILES], materials.link(f"https://www.example.cn/{number}", "专栏网页（样例）"))
        for material_id in (report, link, *given[:1], *given[2:]):
            _review(session, stage, reviewer, material_id, Verdict.ACCEPTED)
        for material_id in given[1:2]:
            _review(session, stage, reviewer, material_id, Verdict.MORE, "缺签字页，请补（样例）")
            again = more(places[1], materials.document(f"示例补〔2025〕{number + 1}号", "补交的签字页"))
            _review(session, stage, reviewer, again, Verdict.ACCEPTED)
    return 2 + len(given) + bool(given[1:2])


def _places(checklist: UnitChecklist) -> list[Place]:
    """Where the group reviews what is handed in."""
    return [
        Place(row.key, item.number)
        for row in checklist.rows
        for item in row.items
        if row.key != REPORT and row.open and row.departments == (GROUP,)
    ]


def _review(
    session: Session, stage: Stage, reviewer: Actor, material_id: int, verdict: Verdict, reason: str = ""
) -> None:
    reviews.review(session, moment(stage.site, 46), reviewer, material_id, verdict, reason, 0)


def visit(stage: Stage) -> int:
    """Reports read, hearings, inspections and talks; how many records."""
    picture = io.BytesIO()
    Image.new("RGB", (640, 360), "teal").save(picture, "PNG")
    done = 0
    for number, (unit, unit_id) in enumerate(stage.units()):
        entries = [
            _entry(ProceedingKind.REPORT, "报告对照清单逐项写明，数字与台账相符（样例）"),
            _entry(
                ProceedingKind.INSPECTION,
                inspection_body("会议纪要、台账", "机关档案室", "与报送的材料一致（样例）"),
                photo=proceedings.cleaned(picture.getvalue()) if number % 10 == 0 else None,
            ),
            _entry(ProceedingKind.TALK, "网评队伍人手偏紧，建议增加培训（样例）"),
        ]
        entries += [_entry(ProceedingKind.HEARING, "听取专题汇报（样例）", row_key=key) for key in unit.heard]
        if number % 5 == 0:
            entries.append(_entry(ProceedingKind.HEARING, "听取年度工作汇报（样例）"))
        done += sum(_record(stage, unit_id, entry, 50) for entry in entries)
    return done


def give_feedback(stage: Stage) -> int:
    """To every unit; those with a reporter acknowledge it. How many did."""
    acknowledged = 0
    for unit, unit_id in stage.units():
        _record(stage, unit_id, _entry(ProceedingKind.FEEDBACK, "反馈考核结果和需改进的事项（样例）", day=86), 86)
        if unit.has_reporter:
            with stage.site.database.writing() as session:
                reporter = stage.staff.reporters[unit.name]
                found = own_feedback(session, reporter)[0]
                proceedings.acknowledge(session, moment(stage.site, 87), reporter, found.id)
            acknowledged += 1
    return acknowledged


def _entry(
    kind: ProceedingKind, body: str, *, row_key: str = "", photo: Photo | None = None, day: int = 50
) -> ProceedingEntry:
    return ProceedingEntry(kind, FIRST_DAY + timedelta(days=day), "考核组三人（样例）", body, row_key, photo)


def _record(stage: Stage, unit_id: int, entry: ProceedingEntry, day: int) -> int:
    with stage.site.database.writing() as session:
        group, photos = stage.staff.assessors[GROUP], stage.site.photos
        proceedings.record_proceeding(session, moment(stage.site, day), group, photos, unit_id, entry)
    return 1
