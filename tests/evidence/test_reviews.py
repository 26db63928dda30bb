"""Reviewing what was handed in: verdicts, who gives them, what waits for whom."""

import io
from datetime import timedelta

import pytest

from surveys.acts.actors import COMMAND_LINE, Actor, Role
from surveys.acts.errors import BadInput, NotAllowed, NotFound, WrongState
from surveys.acts.site import Site
from surveys.evidence import materials, reviews
from surveys.evidence.checklists import ItemState
from surveys.evidence.reviews import Verdict
from tests import handed_in
from tests.builders import assessor, build_unit, dump
from tests.evidence.ground import FIRST, REPORT, Ground, new_reporter
from tests.sites import NOW


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
    others = {assessor("市委网信办"): NotFound, assessor("样例局"): NotFound}
    for actor, error in {**others, ground.reporter: NotAllowed, Actor(None, "x", Role.ORGANIZER): NotAllowed}.items():
        with pytest.raises(error):
            ground.review(material_id, actor=actor)
        with pytest.raises(error):
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
