"""The organizer's pages: the result of a sealed poll."""

from collections.abc import Sequence

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from surveys.acts.actors import Permission
from surveys.reporting.charts import GradeRow, GradeStyle, grade_bars
from surveys.reporting.palette import paints
from surveys.scoring.exact import shown
from surveys.scoring.rates import percent
from surveys.vote import bundle_writing, poll_choices, polls, tallies, tally_sheets
from surveys.vote.tally_values import FormTally, Tally
from surveys.web.access import needs, site
from surveys.web.downloads import attachment, chart_type, image, of_poll
from surveys.web.request_log import reads

pages = Blueprint("poll_results", __name__)
pages.add_app_template_global(tallies.is_visible, "result_visible")


@pages.get("/polls/<id:poll_id>/tally")
@needs(Permission.READ_TALLIES)
@reads("read.tally")
def tally(poll_id: int) -> ResponseReturnValue:
    with site().database.reading() as session:
        poll = polls.poll_of(session, poll_id)
        found = tallies.tally(session, poll)
        return render_template(
            "vote/polls/tally.html",
            poll=poll,
            unit=poll.unit,
            tally=found,
            shortcoming=found.shortcoming,
            conflict=poll_choices.conflict_of(session, poll),
            sealed=poll_choices.sealed_lines(session, poll),
            figures=tally_sheets.figures(found),
            columns=tally_sheets.columns,
            paints=paints,
            issuing=tally_sheets.issuing(found),
            flagged=tally_sheets.flagged(found),
            unrated=tally_sheets.unrated(found),
            warnings=tallies.warnings(found),
            percent=percent,
            shown=shown,
        )


@pages.get("/polls/<id:poll_id>/tally-sheet.<extension>")
@needs(Permission.SEE_TALLIES)
@reads("export.tally")
def sheet(poll_id: int, extension: str) -> ResponseReturnValue:
    """The tally sheet to print and sign, as PDF or Excel."""
    if extension not in tally_sheets.MEDIA_TYPES:
        abort(404)
    with site().database.reading() as session:
        poll = polls.poll_of(session, poll_id)
        data = tally_sheets.write_tally_sheet(session, poll, extension)
        name = of_poll(poll.rehearsal, f"统计单-{poll.unit.name}-{poll.prefix}.{extension}")
    return attachment(data, tally_sheets.MEDIA_TYPES[extension], name)


@pages.get("/polls/<id:poll_id>/charts/<int:number>.<extension>")
@needs(Permission.READ_TALLIES)
@reads("read.tally")
def chart(poll_id: int, number: int, extension: str) -> ResponseReturnValue:
    """Grades per question as stacked bars: 0 is the organization, 1 the first leader."""
    chart_format = chart_type(extension)
    if chart_format is None:
        abort(404)
    result = _tally(poll_id)
    forms = dict(enumerate(result.leaders, start=1))
    if result.organization is not None:
        forms[0] = result.organization
    if number not in forms:
        abort(404)
    whose = f"{result.unit} 领导班子" if number == 0 else _whose(forms[number])
    data = grade_bars(
        whose,
        f"{result.title}　有效票 {result.valid} 张　{_score_words(result, forms[number])}",
        [GradeStyle(choice.letter, choice.name) for choice in forms[number].choices],
        _chart_rows(forms[number]),
        chart_format,
    )
    return image(data, chart_format, f"{whose}.{extension}", download="download" in request.args)


def _tally(poll_id: int) -> Tally:
    with site().database.reading() as session:
        return tallies.tally(session, polls.poll_of(session, poll_id))


def _whose(form: FormTally) -> str:
    return "" if form.leader is None else f"{form.leader.name} {form.leader.post}"


def _score_words(result: Tally, form: FormTally) -> str:
    score = "—" if form.score is None else str(shown(form.score))
    return f"得分 {score}" if result.shortcoming is None else f"不计分（按收回的票算 {score}）"


def _chart_rows(form: FormTally) -> Sequence[GradeRow]:
    return [
        GradeRow(
            f"{question.key}. {question.text}",
            question.counts,
            None if question.score is None else str(shown(question.score)),
        )
        for question in form.questions
    ]


@pages.get("/polls/<id:poll_id>/bundle.zip")
@needs(Permission.SEE_TALLIES)
@reads("export.tally")
def bundle(poll_id: int) -> ResponseReturnValue:
    with site().database.reading() as session:
        poll = polls.poll_of(session, poll_id)
        name = of_poll(poll.rehearsal, f"选票包-{poll.prefix}.zip")
        return attachment(bundle_writing.write_bundle(session, poll), "application/zip", name)
