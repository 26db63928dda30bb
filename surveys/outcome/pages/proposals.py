"""What admins decided in another's place, and waits for a second hand: the list, to confirm or to decline."""

from collections.abc import Sequence

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from surveys.acts import proposals
from surveys.acts.actors import Permission
from surveys.acts.errors import NotFound, Refusal
from surveys.acts.proposals import Proposed
from surveys.outcome import confirmations
from surveys.season.assessments import assessment_of
from surveys.web.access import actor, needs, site
from surveys.web.errors import status_of
from surveys.web.forms import ActForm, DeclineForm

pages = Blueprint("proposals", __name__)

MOST_DECIDED = 30


@pages.get("/assessments/<id:assessment_id>/proposals")
@needs(Permission.MARK)
def index(assessment_id: int) -> ResponseReturnValue:
    return _page(assessment_id)


def _page(assessment_id: int, fault: str = "", at: int | None = None, form: DeclineForm | None = None) -> str:
    """`fault`: of the proposal of this number; at the top where it is no longer there."""
    with site().database.reading() as session:
        assessment = assessment_of(session, assessment_id)
        waiting = _visible(proposals.waiting(session, assessment_id))
        return render_template(
            "outcome/proposals/index.html",
            assessment=assessment,
            waiting=[(each, each.why_not_confirmed(actor())) for each in waiting],
            decided=_visible(proposals.decided(session, assessment_id))[:MOST_DECIDED],
            fault=fault,
            fault_at=at if any(each.id == at for each in waiting) else None,
            form=form or DeclineForm(None),
            empty_form=DeclineForm(None),
        )


def _visible(found: Sequence[Proposed]) -> list[Proposed]:
    return [each for each in found if each.is_for(actor())]


@pages.post("/assessments/<id:assessment_id>/proposals/<id:proposal_id>/confirm")
@needs(Permission.MARK)
def confirm(assessment_id: int, proposal_id: int) -> ResponseReturnValue:
    """The second hand."""
    try:
        ActForm().checked()
        with site().database.writing() as session:
            found = confirmations.confirm(session, site().now(), actor(), assessment_id, proposal_id)
    except NotFound:
        raise
    except Refusal as error:
        return _page(assessment_id, str(error), proposal_id), status_of(error)
    return _back(assessment_id, f"第 {proposal_id} 号提议已确认，{found.by}提出的 {len(found.spots)} 处改动现在有效。")


@pages.post("/assessments/<id:assessment_id>/proposals/<id:proposal_id>/decline")
@needs(Permission.MARK)
def decline(assessment_id: int, proposal_id: int) -> ResponseReturnValue:
    form = DeclineForm()
    try:
        form.checked()
        with site().database.writing() as session:
            proposals.decline(session, site().now(), actor(), assessment_id, proposal_id, form.reason.data)
    except NotFound:
        raise
    except Refusal as error:
        return _page(assessment_id, str(error), proposal_id, form), status_of(error)
    return _back(assessment_id, f"第 {proposal_id} 号提议已退回，什么都没有改。")


def _back(assessment_id: int, message: str) -> ResponseReturnValue:
    flash(message)
    return redirect(url_for("proposals.index", assessment_id=assessment_id))
