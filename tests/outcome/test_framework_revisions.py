"""A framework changed from a workbook once marking has begun: the effect first, then a new version of the rules."""

from dataclasses import dataclass
from decimal import Decimal

import pytest

from surveys.acts.actors import Actor
from surveys.acts.errors import BadInput, NotFound, WrongState
from surveys.acts.site import Site
from surveys.acts.table_files import tables_in
from surveys.marking.marks import MarkEntry
from surveys.outcome import framework_revisions
from surveys.outcome.rule_changes import Effect
from surveys.season import assessments, framework_editing
from surveys.season.framework_editing import FrameworkPreview
from tests.builders import decided_alone, dump, enter
from tests.framework_files import row_number, shipped, with_cells, written
from tests.seasons import Season, build_season
from tests.sites import NOW

MUNICIPAL = shipped()
OTHER_POINTS = written(
    with_cells(
        MUNICIPAL,
        *(
            ("测评体系", row_number(MUNICIPAL, key), "分值", points)
            for key, points in (("III-4", "1"), ("III-3", "4"), ("III-17", "1"))
        ),
    )
)
OTHER_NOTE = written(with_cells(MUNICIPAL, ("测评体系", row_number(MUNICIPAL, "III-4"), "说明", "新的说明")))


@dataclass(frozen=True)
class Revision:
    """As the page shows it."""

    preview: FrameworkPreview
    effect: Effect | None


@pytest.fixture
def season(site: Site) -> Season:
    """What a second hand does is in test_proposals."""
    found = build_season(site, voted=True)
    decided_alone(site, found.assessment_id)
    return found


def read(season: Season, data: bytes = OTHER_POINTS, actor: Actor | None = None) -> int:
    tables, actor = tables_in("体系.xlsx", data), actor or season.admins[0]
    with season.site.database.writing() as session:
        return framework_editing.read_file(session, NOW, actor, season.assessment_id, "municipal", "体系.xlsx", tables)


def revision(season: Season, import_id: int, actor: Actor | None = None) -> Revision:
    with season.site.database.reading() as session:
        found = framework_editing.preview(session, actor or season.admins[0], import_id)
        return Revision(found, framework_revisions.effect(session, found))


def revised(season: Season, import_id: int, shown: str, reason: str = "文件修订", actor: Actor | None = None) -> int:
    with season.site.database.writing() as session:
        return framework_revisions.revise(session, NOW, actor or season.admins[0], import_id, reason, shown)


def test_once_marked_a_framework_changes_as_a_new_version_with_its_effect_shown(season: Season) -> None:
    site = season.site
    enter(site, season.first, MarkEntry("III-4", "考核组", "1"))
    enter(site, season.second, MarkEntry("III-4", "考核组", "0"))
    import_id = read(season)
    before = dump(site.database)
    found = revision(season, import_id)
    assert (found.preview.frozen, found.preview.hindrances) == (True, ())
    assert found.effect is not None
    assert found.effect.changed
    with site.database.writing() as session, pytest.raises(WrongState, match="打分已经开始"):
        framework_editing.apply(session, NOW, season.admins[0], import_id, found.preview.fingerprint)
    for reason, shown, error, words in (
        (" ", found.effect.fingerprint, BadInput, "理由"),
        ("修订", "sha256:0", WrongState, "影响之后有了改动"),
    ):
        with pytest.raises(error, match=words):
            revised(season, import_id, shown, reason)
    with pytest.raises(NotFound):
        revised(season, import_id, found.effect.fingerprint, actor=season.admins[1])
    assert dump(site.database) == before
    assert revised(season, import_id, found.effect.fingerprint) == 2
    with site.database.reading() as session:
        assessment = assessments.assessment_of(session, season.assessment_id)
        rows = assessments.framework_of(assessment, "municipal").rows()
        points = {row.standard.key: row.standard.points for row in rows}
    assert (points["III-4"], points["III-3"]) == (Decimal(1), Decimal(4))
    finals = [unit["result"]["final"]["shown"] for unit in season.live()["units"]]
    assert finals == [str(unit.after.final) for unit in found.effect.units]
    with pytest.raises(NotFound):
        revision(season, import_id)


def test_a_note_that_somebody_revised_meanwhile_is_not_undone_unseen(season: Season) -> None:
    first, second = season.admins[:2]
    for unit_id in (season.first, season.second):
        enter(season.site, unit_id, MarkEntry("III-4", "考核组", "1"))
    noted, shown = read(season, OTHER_NOTE, first), read(season, OTHER_POINTS, second)
    before = revision(season, shown, second).effect
    effect = revision(season, noted).effect
    assert before is not None
    assert effect is not None
    assert not effect.changed
    revised(season, noted, effect.fingerprint)
    with pytest.raises(WrongState, match="影响之后有了改动"):
        revised(season, shown, before.fingerprint, actor=second)
    with season.site.database.reading() as session:
        framework = assessments.framework_of(assessments.assessment_of(session, season.assessment_id), "municipal")
    assert next(row.standard.note for row in framework.rows() if row.standard.key == "III-4") == "新的说明"


def test_a_framework_does_not_change_below_what_was_given_nor_after_marking(season: Season) -> None:
    enter(season.site, season.first, MarkEntry("III-4", "考核组", "1.5"))
    import_id = read(season)
    effect = revision(season, import_id).effect
    assert effect is not None
    assert any("超过新的满分 1" in sentence for sentence in effect.hindrances)
    with pytest.raises(BadInput, match="超过新的满分 1"):
        revised(season, import_id, effect.fingerprint)
    season.close_marking()
    assert revision(season, import_id).effect is None
    with pytest.raises(WrongState, match="打分已经开始"):
        revised(season, import_id, effect.fingerprint)
