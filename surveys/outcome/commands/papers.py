"""`assessment report|letters|results`: what comes out of an assessment."""

from pathlib import Path

import click

from surveys.cli.common import ID, as_json, emit, reports_refusals, site
from surveys.marking import results
from surveys.outcome import publishing, versions
from surveys.reporting.stepwise import finished
from surveys.season import assessments
from surveys.season.commands.assessments import assessment_group

FORM = click.option(
    "--form",
    type=click.Choice([form.value for form in publishing.DocumentFormat]),
    default=publishing.DocumentFormat.PDF.value,
    show_default=True,
    help="docx 是可以修改的 Word 文件",
)


@assessment_group.command("report")
@click.argument("assessment_id", type=ID)
@FORM
@click.option("--out", required=True, type=click.Path(dir_okay=False, writable=True, path_type=Path))
@reports_refusals
def assessment_report(assessment_id: int, form: str, out: Path) -> None:
    """写考核报告。核定后按核定的版本写，核定前每页标“草稿”。"""
    zone = site().settings.time_zone
    with site().database.reading() as session:
        out.write_bytes(publishing.report_file(session, zone, assessment_id, publishing.DocumentFormat(form)))
    click.echo(f"已写入 {out}")


@assessment_group.command("letters")
@click.argument("assessment_id", type=ID)
@FORM
@click.option("--out", required=True, type=click.Path(dir_okay=False, writable=True, path_type=Path))
@reports_refusals
def assessment_letters(assessment_id: int, form: str, out: Path) -> None:
    """把各单位的反馈函写成一个 ZIP，一个单位一份。核定后按核定的版本写，核定前每页标“草稿”。"""
    zone = site().settings.time_zone
    with site().database.reading() as session:
        found = publishing.letters(session, zone, assessment_id, publishing.DocumentFormat(form))
    out.write_bytes(finished(found.zipped()))
    click.echo(f"已写入 {out}")


@assessment_group.command("results")
@click.argument("assessment_id", type=ID)
@as_json
@reports_refusals
def assessment_results(assessment_id: int, as_json: bool) -> None:
    """各单位的得分、等次和类别内名次。核定以后与核定的版本不一致时报错，不打印。"""
    with site().database.reading() as session:
        found = results.to_json(results.results(session, assessment_id))
        version = versions.unaltered(session, assessments.assessment_of(session, assessment_id))
        found["version"] = None if version is None else {"number": version.number, "digest": version.digest}
    if as_json:
        emit(found)
        return
    for unit in found["units"]:
        final = unit["final"] or f"待定（{unit['pending']} 行未打分）"
        click.echo(f"{unit['category']}\t{unit['rank'] or '—'}\t{unit['unit']}\t{final}\t{unit['band'] or ''}")
