"""The organizer's pages: many polls at once from a spreadsheet."""

from typing import Any

from flask import Blueprint, Response, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from surveys.acts.actors import Permission
from surveys.catalog import loader
from surveys.polling.ballot_classes import PRESETS
from surveys.season import assessments, shut
from surveys.season.shut import Act
from surveys.vote import poll_imports
from surveys.vote.papers.poll_template import TemplateColumn, poll_template
from surveys.vote.uploads.poll_plans import COLUMNS
from surveys.web.access import actor, needs, site
from surveys.web.downloads import XLSX, attachment
from surveys.web.forms import TakeOverForm
from surveys.web.import_desk import ImportDesk, add_import_desk

pages = Blueprint("poll_imports", __name__)

HINTS = {
    "unit": "必填。与考核里的单位名称一致。只填单位、别的都空着的行不建。",
    "title": "不填就是“年度民主测评”。",
    "held_on": "写成 2026-03-02 或 2026年3月2日，可以不填。",
    "place": "可以不填。",
    "entitled": "必填。应当参加测评的人数。",
    "reserve": "应到以外可以多发几张票，不填就是 0。",
    "classes": "不填就是一种票。可填 30/30/40 或 40/30/30（A 领导班子成员、B 中层干部、C 职工代表），"
    "或逐个写成 代号:名称:权重:计划张数，用分号隔开；计划张数可以不写。",
    "two_person": "是 或 否。封存后组织员和监票人都启封，才能看结果。不填就是否。",
    "blank": "漏填的项怎样算：不计入、按零分、整票作废。不填就按测评表的规定。",
    "quorum": "实到不足应到的这个比例，不计分。写成 2/3 或 60%，不填就是 2/3。",
    "rehearsal": "是 或 否。演练不计入考核。不填就是否。",
}
CHOICES = {
    "two_person": ("是", "否"),
    "rehearsal": ("是", "否"),
    "blank": ("不计入", "按零分", "整票作废"),
    "classes": tuple(preset.label.split()[-1] for preset in PRESETS),
}


def _about(session: Session, assessment_id: int) -> dict[str, Any]:
    assessment = assessments.assessment_of(session, assessment_id)
    return {"assessment": assessment, "why": shut.why_shut(assessment, Act.SET_UP)}


def _make(import_id: int, form: TakeOverForm) -> ResponseReturnValue:
    with site().database.writing() as session:
        made = poll_imports.apply(session, site().now(), actor(), import_id, form.shown.data)
    flash(f"已建立 {len(made)} 场测评会，都还没有开始。点开一场，可以看选票的样子、修改、发票。")
    return redirect(url_for("polls.index"))


add_import_desk(
    pages,
    ImportDesk(
        permission=Permission.RUN_POLLS,
        upload="/assessments/<id:assessment_id>/polls/import",
        shown="/polls/imports/<id:import_id>",
        templates="vote/imports",
        about=_about,
        read=poll_imports.read_file,
        preview=poll_imports.preview,
        form=TakeOverForm,
        take_over=_make,
    ),
)


@pages.get("/assessments/<id:assessment_id>/polls/template.xlsx")
@needs(Permission.RUN_POLLS)
def template(assessment_id: int) -> Response:
    with site().database.reading() as session:
        units = [unit.name for unit in assessments.assessment_of(session, assessment_id).units]
    forms = [loader.questionnaire(key) for key in loader.questionnaire_keys()]
    for_kind = {
        kind: "、".join(form.title for form in forms if form.kind == kind) for kind in ("organization", "leader")
    }
    hints = HINTS | {kind: f"可填：{titles}、不用。不填就用现有的。" for kind, titles in for_kind.items()}
    columns = [
        TemplateColumn(each.headers[0], each.needed, each.example, hints[each.key], CHOICES.get(each.key, ()))
        for each in COLUMNS
    ]
    return attachment(poll_template(columns, units), XLSX, "测评会计划表.xlsx")
