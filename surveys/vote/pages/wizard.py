"""The organizer's pages: a poll's wizard, what was set, and the ballot as voters will see it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from surveys.acts.actors import Permission
from surveys.acts.editions import Overtaken
from surveys.acts.open_polls import OpenPoll
from surveys.catalog import loader
from surveys.catalog.model import QuestionnaireKind
from surveys.polling.ballot_classes import PRESETS
from surveys.scoring.grades import BlankPolicy
from surveys.scoring.poll_rules import PollRules
from surveys.scoring.score_sheet import ScoringRules
from surveys.season import assessments, shut
from surveys.season.assessments import LeaderEntry
from surveys.season.shut import Act
from surveys.vote import poll_record, polls
from surveys.vote.pages import wizard_form
from surveys.vote.pages.prepared import render_sheet
from surveys.vote.pages.wizard_form import CUSTOM, MORE_LEADERS, FormFaults, PollForm, Read
from surveys.vote.poll_entries import BadEntry, entry_of, questionnaire_keys, roster_of, state_of
from surveys.web.access import actor, needs, site
from surveys.web.editing import saving
from surveys.web.forms import ActForm

pages = Blueprint("poll_setup", __name__)

BLANKS = {
    BlankPolicy.EXCLUDE: (BlankPolicy.EXCLUDE.label, "漏填的那一项不进分母，其余照算。多数测评用这一种。"),
    BlankPolicy.ZERO: (BlankPolicy.ZERO.label, "漏填的那一项算 0 分，会拉低得分。"),
    BlankPolicy.SPOIL: (BlankPolicy.SPOIL.label, "有一项漏填，整张票就不算。"),
}


@pages.route("/units/<id:unit_id>/polls/new", methods=["GET", "POST"])
@needs(Permission.RUN_POLLS)
def create(unit_id: int) -> ResponseReturnValue:
    with site().database.reading() as session:
        unit = assessments.unit_of(session, unit_id)
        shut.require(unit.assessment, Act.SET_UP)
        others, rules = polls.polls_of_unit(session, unit_id), ScoringRules.from_json(unit.assessment.rules)
        wizard = Wizard(unit_id, unit.name, roster_of(unit), others=others, leaders_apart=rules.only_with_form)
    return wizard.answer(lambda: wizard_form.fresh(wizard.roster))


@pages.route("/polls/<id:poll_id>/edit", methods=["GET", "POST"])
@needs(Permission.RUN_POLLS)
def edit(poll_id: int) -> ResponseReturnValue:
    with site().database.reading() as session:
        poll = polls.poll_of(session, poll_id)
        polls.check_draft(poll)
        entry = entry_of(poll)
        wizard = Wizard(poll.unit_id, poll.unit.name, roster_of(poll.unit), poll_id, state_of(entry))
    return wizard.answer(lambda: wizard_form.form_of(entry, wizard.roster))


@dataclass(frozen=True)
class Wizard:
    """The form of a unit's poll, new or, with `poll_id`, a draft. `saved`: what is set now. `others`: of the unit, for
    who means one of them. `leaders_apart`: a poll on leaders alone takes the place of none of them."""

    unit_id: int
    unit: str
    roster: Sequence[LeaderEntry]
    poll_id: int | None = None
    saved: Mapping[str, str] | None = None
    others: Sequence[Any] = ()
    leaders_apart: bool = True

    def answer(self, start: Callable[[], PollForm]) -> ResponseReturnValue:
        if request.method != "POST":
            return self._page(start())
        ActForm().checked()
        form = wizard_form.typed_form(request.form)
        reshape = RESHAPE.get(request.form.get("do", ""))
        if reshape is not None:
            reshape(form)
            return self._page(form)
        try:
            poll_id = self._save(wizard_form.read(form, self.unit_id, self.roster))
        except FormFaults as error:
            return self._page(form, error.faults), 400
        except Overtaken as error:
            return self._page(form, overtaken=str(error)), 409
        flash("已保存。请核对下面的设置，看看选票的样子，再去发票。")
        return redirect(url_for("poll_setup.summary", poll_id=poll_id))

    def _save(self, read: Read) -> int:
        try:
            with saving() as (session, base):
                if self.poll_id is None:
                    return polls.create_poll_once(session, site().now(), actor(), read.entry)
                polls.update_poll(session, site().now(), actor(), self.poll_id, read.entry, base)
                return self.poll_id
        except BadEntry as error:
            raise FormFaults(read.faults(error.faults)) from None

    def _page(self, form: PollForm, faults: Mapping[str, str] | None = None, overtaken: str = "") -> str:
        return render_template(
            "vote/polls/wizard.html",
            wizard=self,
            form=form,
            faults=faults or {},
            overtaken=overtaken,
            presets=PRESETS,
            custom=CUSTOM,
            blanks=BLANKS,
            organizations=[loader.questionnaire(key) for key in questionnaire_keys(QuestionnaireKind.ORGANIZATION)],
            leader_forms=[loader.questionnaire(key) for key in questionnaire_keys(QuestionnaireKind.LEADER)],
        )


RESHAPE: dict[str, Callable[[PollForm], None]] = {
    "preset": PollForm.fill_classes,
    "class-lines": lambda form: form.pad(more_classes=1),
    "leader-lines": lambda form: form.pad(more_leaders=MORE_LEADERS),
}
"""What a button does that changes the form and saves nothing."""


@pages.get("/polls/<id:poll_id>/setup")
@needs(Permission.SEE_POLLS)
def summary(poll_id: int) -> ResponseReturnValue:
    with site().database.reading() as session:
        poll = polls.poll_of(session, poll_id)
        entry, sheet = entry_of(poll), polls.sheet_of(poll)
        counts = poll_record.class_counts(session, poll)
        on_ballot = {(leader.name, leader.post) for leader in sheet.leaders}
        return render_template(
            "vote/polls/summary.html",
            poll=poll,
            unit=poll.unit,
            entry=entry,
            sheet=sheet,
            counts=counts,
            planned=sum(each.planned or 0 for each in poll.classes),
            small_classes=polls.small_classes(poll, counts),
            left_out=[each for each in roster_of(poll.unit) if (each.name, each.post) not in on_ballot],
            blank=BLANKS[entry.blank or BlankPolicy.EXCLUDE],
        )


@pages.get("/polls/<id:poll_id>/preview")
@needs(Permission.SEE_POLLS)
def preview(poll_id: int) -> ResponseReturnValue:
    """The voters' own template, with nothing behind its button."""
    with site().database.reading() as session:
        poll = polls.poll_of(session, poll_id)
        rules = PollRules.from_json(poll.rules)
        shown = OpenPoll(polls.sheet_of(poll), b"", rules.blank, rules.blanks_allowed, poll.rehearsal)
    return render_sheet(shown, None, template="vote/polls/preview.html", poll_id=poll_id)
