"""The report and the letters: their figures are those of the results, and a draft says that it is one."""

import io
import json
import re
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from surveys.acts.actors import Role
from surveys.acts.errors import Imbalance, NotFound, WrongState
from surveys.acts.site import Site
from surveys.evidence.proceeding_records import ProceedingKind
from surveys.marking import results
from surveys.marking.marks import MarkEntry
from surveys.outcome import publishing
from surveys.outcome.publishing import DocumentFormat
from surveys.reporting.stepwise import finished
from surveys.storage.tables import Account, Approval, Assessment, ScoreVersion
from tests.builders import (
    GROUP,
    build_poll,
    build_unit,
    cast,
    close_and_seal,
    enter,
    event,
    exempt,
    fill_marks,
    filled,
    record,
    run_sql,
    sealed_poll,
    sheet_of,
)
from tests.evidence.test_proceedings import add
from tests.kits.test_reporting_documents import pages_of
from tests.kits.test_reporting_word import text_of as word_text
from tests.seasons import build_season, digest_of
from tests.sites import NOW
from tests.vote.desk.test_web_polls import PDF, ZIP, download_name
from tests.vote.desk.test_web_tickets import STEPWISE
from tests.worlds import TALKED, Shown, build_accounts, client_of

ZONE = ZoneInfo("Asia/Shanghai")


def number_of(site: Site, name: str) -> int:
    with site.database.reading() as session:
        return session.scalars(sa.select(Account.id).where(Account.name == name)).one()


def build_round(site: Site) -> int:
    """Four units: two finished, one with a poll that does not count, one with rows nobody has marked."""
    assessment_id, first = build_unit(site, "样例甲局")
    _, second = build_unit(site, "样例乙局", assessment_id=assessment_id)
    _, withheld = build_unit(site, "样例丙局", assessment_id=assessment_id)
    _, county = build_unit(site, "样例丁县", framework="county", category="县区", assessment_id=assessment_id)
    sealed_poll(site, first, "AAAB")
    sealed_poll(site, second, "ABC")
    sealed_poll(site, withheld, "A", count=2)  # of ten: below the quorum
    for unit_id in (first, second, withheld):
        fill_marks(site, unit_id)
    enter(site, second, MarkEntry("III-4", GROUP, "0.5", "缺经费证明"), MarkEntry("III-30", GROUP, "0"))
    record(site, first, event("III-32", "2", reason="获市级表彰"))
    record(site, second, event("III-33(1)", "1", reason="报告不及时"))
    exempt(site, second, "III-7")
    add(site, county, ProceedingKind.TALK, body=TALKED)
    return assessment_id


def report_text(site: Site, assessment_id: int, folder: Path) -> str:
    with site.database.reading() as session:
        return "\n".join(pages_of(publishing.report_file(session, ZONE, assessment_id), folder))


def letter_texts(site: Site, assessment_id: int, folder: Path) -> dict[str, str]:
    with site.database.reading() as session:
        data = letters_zip(session, assessment_id)
    with zipfile.ZipFile(io.BytesIO(data)) as bundle:
        return {name: "\n".join(pages_of(bundle.read(name), folder)) for name in bundle.namelist()}


def written(session: Session, assessment_id: int) -> list[bytes]:
    """The report and the letters in each form."""
    return [
        *(publishing.report_file(session, ZONE, assessment_id, form) for form in DocumentFormat),
        *(letters_zip(session, assessment_id, form) for form in DocumentFormat),
    ]


def letters_zip(session: Session, assessment_id: int, form: DocumentFormat = DocumentFormat.PDF) -> bytes:
    return finished(publishing.letters(session, ZONE, assessment_id, form).zipped())


def all_written(site: Site, assessment_id: int) -> list[bytes]:
    with site.database.reading() as session:
        return written(session, assessment_id)


def results_of(site: Site, assessment_id: int) -> list[dict[str, Any]]:
    with site.database.reading() as session:
        units: list[dict[str, Any]] = results.to_json(results.results(session, assessment_id))["units"]
        return units


def set_state(site: Site, assessment_id: int, state: str) -> None:
    with site.database.writing() as session:
        session.get_one(Assessment, assessment_id).state = state
        session.commit()


def test_the_reports_figures_are_the_results(site: Site, tmp_path: Path) -> None:
    assessment_id = build_round(site)
    text = report_text(site, assessment_id, tmp_path)
    units = results_of(site, assessment_id)
    assert [unit["final"] is None for unit in units] == [False, False, True, True]
    for unit in units:
        (line,) = [line.split() for line in text.splitlines() if unit["unit"] in line and len(line.split()) == 8]
        expected = ["rank", "unit", "final", "band", "base", "bonus", "deduction"]
        words = [str(unit[key]) if unit[key] is not None else "—" for key in expected]
        words[2] = unit["final"] or "待定"
        score = unit["democratic"]["score"]
        assert line == [*words, score or {"样例丙局": "不计分", "样例丁县": "待定"}[unit["unit"]]]
    assert "本次考核 4 个单位：市直单位 3 个、县区 1 个" in text
    assert re.search(r"样例丙局\s+民主测评没有计分\s+1 行：III-36", text)
    assert re.search(r"样例丁县\s+待打分", text)
    assert "民主测评按测评会计分 2 个单位" in text
    assert TALKED not in text
    assert "谈话" not in text


def test_a_letters_figures_are_the_units(site: Site, tmp_path: Path) -> None:
    assessment_id = build_round(site)
    units = results_of(site, assessment_id)
    letters = letter_texts(site, assessment_id, tmp_path)
    assert list(letters) == [f"00{n}-{unit['unit']}.pdf" for n, unit in enumerate(units, start=1)]
    for unit, text in zip(units, letters.values(), strict=True):
        outcome = [unit["final"] or "待定", unit["band"] or "—"]
        assert re.search(r"\s+".join(map(re.escape, outcome)), text)
        for block in unit["blocks"]:
            if block["points"] != "0":
                assert re.search(rf"{block['code']} \S+\s+{block['got']}\s+{block['points']}\s", text), block
        others = {other["unit"] for other in units} - {unit["unit"]}
        assert not [name for name in others if name in text]
        assert not [words for words in (TALKED[:8], "谈话") if words in text]
    second = letters["002-样例乙局.pdf"]
    assert re.search(r"III-30 专题研究报告.*0\.00\s+9\s+9\.00", second)
    assert second.index("III-30 专题研究报告") < second.index("III-4 工作保障")
    assert "报告不及时" in second
    assert "−1.00" in second
    assert "III-7 舆论引导" not in second
    assert "2（共 2 个单位）" in second
    first = letters["001-样例甲局.pdf"]
    assert "没有失分的行" in first
    assert "+2.00" in first
    assert "不足应到" in letters["003-样例丙局.pdf"]


def test_a_letter_keeps_what_a_few_ballots_would_tell(site: Site, tmp_path: Path) -> None:
    assessment_id, unit_id = build_unit(site)
    sealed_poll(site, unit_id, "AB", count=4, entitled=4)
    (text,) = letter_texts(site, assessment_id, tmp_path).values()
    assert "有效 4 张" in text
    assert "各项得分不单独列出" in text
    assert "贯彻落实" not in text.split("六、民主测评")[1]


def test_a_letter_lists_the_items_of_each_team(site: Site, tmp_path: Path) -> None:
    """But of one whose few ballots it would tell."""
    assessment_id, unit_id = build_unit(site)
    for team, letters in (("党委班子", "AB"), ("行政班子", "BC")):
        world = build_poll(site, unit_id=unit_id, count=6, entitled=6, team=team)
        sheet = sheet_of(site, world.poll_id)
        for number, code in enumerate(world.codes["A"]):
            cast(site, code, filled(sheet, letters[number % 2]))
        close_and_seal(site, world.poll_id)
    sealed_poll(site, unit_id, "D", count=3, entitled=3, team="分局班子")
    (text,) = letter_texts(site, assessment_id, tmp_path).values()
    vote = text.split("六、民主测评")[1]
    first, small, second = (vote.index(f"{team}：应到") for team in ("党委班子", "分局班子", "行政班子"))
    assert len(re.findall(r"^ *\d\s.*90\.00$", vote[first:small], re.M)) == 9
    assert len(re.findall(r"^ *\d\s.*70\.00$", vote[second:], re.M)) == 9
    assert "领导班子得分 40.00 分" in vote[small:second]
    assert "各项得分不单独列出" in vote[small:second]


def test_a_letter_names_no_leader(site: Site, tmp_path: Path) -> None:
    assessment_id, unit_id = build_unit(site, "甲局")
    sealed_poll(site, unit_id, "AB")
    assert "样例1" not in "".join(letter_texts(site, assessment_id, tmp_path).values())


@pytest.mark.parametrize("state", ["preparing", "marking", "provisional", "appeal"])
def test_until_it_is_certified_it_is_a_draft(site: Site, tmp_path: Path, state: str) -> None:
    assessment_id, _ = build_unit(site)
    set_state(site, assessment_id, state)
    for text in (report_text(site, assessment_id, tmp_path), *letter_texts(site, assessment_id, tmp_path).values()):
        assert "草稿" in text
        assert "尚未核定" in text
        assert "封存码" not in text


def test_what_is_certified_names_its_version_and_who_certified(lite_site: Site, tmp_path: Path) -> None:
    season = build_season(lite_site, voted=True).certified()
    line = season.version(2).line
    for text in (
        report_text(lite_site, season.assessment_id, tmp_path),
        *letter_texts(lite_site, season.assessment_id, tmp_path).values(),
    ):
        assert "草稿" not in text
        assert "尚未核定" not in text
        assert "第 2 版得分（核定）" in text
        words = "".join(text.split())
        assert "由管理一（2026-03-1017:30）、管理二（2026-03-1017:30）核定" in words
        # On each page, and once more where it is told who certified.
        assert words.count(line.digest) == text.count("数据出自") == len(re.findall(r"—\d+—", words)) + 1


def test_what_is_certified_is_the_same_bytes_whenever_it_is_made(site: Site) -> None:
    """Whatever happens to marks, rules, names and records afterwards, by whatever way."""
    season = build_season(site, voted=True).certified()
    before = all_written(site, season.assessment_id)
    add(site, season.first, ProceedingKind.FEEDBACK, body="已当面反馈。")
    run_sql(site, "UPDATE marks SET points = 0 WHERE unit_id = :unit", unit=season.first)
    run_sql(site, "UPDATE units SET name = name || '（改）'")
    run_sql(site, "UPDATE assessments SET title = '别的考核', rules = '{}'")
    set_state(site, season.assessment_id, "archived")
    assert all_written(site, season.assessment_id) == before


def test_of_a_version_that_was_altered_nothing_is_written(lite_site: Site) -> None:
    season = build_season(lite_site).certified()
    with lite_site.database.writing() as session:
        version = session.get_one(ScoreVersion, (season.assessment_id, 2))
        version.body = version.body | {"title": "别的考核"}
        session.commit()
    with lite_site.database.reading() as session:
        for make in (publishing.report_file, publishing.letters):
            with pytest.raises(Imbalance, match="数据有改动"):
                make(session, ZONE, season.assessment_id)
        with pytest.raises(Imbalance):
            publishing.letter_file(session, ZONE, season.first)


def test_without_its_version_a_certified_assessment_is_no_draft(lite_site: Site) -> None:
    assessment_id, _ = build_unit(lite_site)
    set_state(lite_site, assessment_id, "certified")
    with lite_site.database.reading() as session, pytest.raises(Imbalance, match="没有核定的版本"):
        publishing.report_file(session, ZONE, assessment_id)


def test_a_version_of_the_first_format_is_written_too(lite_site: Site, tmp_path: Path) -> None:
    """It does not tell how many units were heard: nothing is said of it."""
    season = build_season(lite_site)
    add(lite_site, season.first, ProceedingKind.HEARING, body="听取了汇报。")
    season.certified()
    assert "听取汇报 1 个单位" in report_text(lite_site, season.assessment_id, tmp_path)
    with lite_site.database.writing() as session:
        version = session.get_one(ScoreVersion, (season.assessment_id, 2))
        body = {key: value for key, value in version.body.items() if key != "proceedings"}
        body["format"] = "ceping-scores/1"
        earlier, version.body, version.digest = version.digest, body, digest_of(body)
        for approval in session.scalars(sa.select(Approval).where(Approval.subject == earlier)):
            approval.subject = version.digest
        session.commit()
    text = report_text(lite_site, season.assessment_id, tmp_path)
    assert "第 2 版得分（核定）" in text
    assert "听取汇报 1 个单位" not in text


def test_a_unit_gets_its_own_letter_once_it_is_certified(lite_app: Flask, lite_site: Site) -> None:
    season = build_season(lite_site).appeal()
    ids = {name: number_of(lite_site, name) for name in ("报送一", "报送二", "管理一")}
    unit, admin = client_of(lite_app, ids["报送一"]), client_of(lite_app, ids["管理一"])
    address = f"/own-unit/{season.first}/letter.pdf"
    assert address not in unit.page(f"/own-unit/{season.first}").links()
    assert unit.get(address).status_code == 409
    for each in season.admins:
        season.certify(each)
    assert address in unit.page(f"/own-unit/{season.first}").links()
    answer = unit.get(address)
    assert answer.data == admin.get(f"/units/{season.first}/letter.pdf").data
    assert answer.data.startswith(PDF)
    assert download_name(answer) == "考核结果反馈函.pdf"
    assert client_of(lite_app, ids["报送二"]).get(address).status_code == 404
    assert unit.get(f"/units/{season.first}/letter.pdf").status_code == 403


def test_word_files_say_what_the_pdfs_say(lite_site: Site, tmp_path: Path) -> None:
    """Word by word, but for what stands on every page."""
    season = build_season(lite_site, voted=True).certified()
    report, report_word, letters, letters_word = all_written(lite_site, season.assessment_id)
    pairs = [(report, report_word)]
    with zipfile.ZipFile(io.BytesIO(letters)) as pdfs, zipfile.ZipFile(io.BytesIO(letters_word)) as words:
        assert [name.replace(".pdf", ".docx") for name in pdfs.namelist()] == words.namelist()
        pairs += [(pdfs.read(name), words.read(name.replace(".pdf", ".docx"))) for name in pdfs.namelist()]
    for pdf, word in pairs:
        printed = "".join("".join(pages_of(pdf, tmp_path)).split())
        said = word_text(word)
        assert len(said) > 40
        # What goes over a line or a page is not found whole: compared is how often each character is there.
        assert Counter("".join("".join(said).split())) <= Counter(printed)


def test_the_same_data_are_the_same_bytes(site: Site) -> None:
    assessment_id = build_round(site)
    made = []
    for _ in range(2):
        with site.database.reading() as session:
            made.append(written(session, assessment_id))
    assert made[0] == made[1]


def test_a_units_name_stays_inside_the_zip(site: Site) -> None:
    assessment_id, _ = build_unit(site, "../../样例/局\\:*")
    with site.database.reading() as session:
        data = letters_zip(session, assessment_id)
    assert zipfile.ZipFile(io.BytesIO(data)).namelist() == ["001-_.._样例_局___.pdf"]


def test_without_units_there_is_no_report(site: Site) -> None:
    with site.database.writing() as session:
        rules = results.ScoringRules().to_json()
        session.add(Assessment(title="空", state="marking", rules=rules, created_at=NOW))
        session.commit()
        with pytest.raises(WrongState, match="没有单位"):
            publishing.report_file(session, ZONE, 1)
        with pytest.raises(NotFound):
            publishing.letters(session, ZONE, 2)


def test_the_results_page_offers_all(shown: Shown) -> None:
    address = f"/assessments/{shown.world.assessment_id}"
    page = shown.client(Role.ADMIN).page(f"{address}/results")
    assert "每页都印“草稿”" in page.text
    for name, kind, title in (
        ("report.pdf", PDF, "考核报告.pdf"),
        ("report.docx", ZIP, "考核报告.docx"),
        ("letters.zip", ZIP, "反馈函.zip"),
        ("letters-docx.zip", ZIP, "反馈函（Word）.zip"),
    ):
        assert f"{address}/{name}" in page.html
        response = shown.client(Role.ADMIN).get(f"{address}/{name}")
        assert response.data.startswith(kind)
        assert download_name(response) == title
    assert shown.client(Role.ADMIN).get(f"{address}/report.xlsx").status_code == 404


def test_the_letters_come_with_their_progress(shown: Shown) -> None:
    """What static/progress.js reads: about, dots, length, the file."""
    client = shown.client(Role.ADMIN)
    address = f"/assessments/{shown.world.assessment_id}/letters-docx.zip"
    response = client.get(address, headers={"Accept": STEPWISE})
    assert response.mimetype == STEPWISE
    about, dots, length, data = response.data.split(b"\n", 3)
    assert json.loads(about) == {"name": "反馈函（Word）.zip", "type": "application/zip"}
    assert dots == b"." * 100
    assert int(length) == len(data)
    assert data == client.get(address).data


def test_the_commands_write_the_same(lite_app: Flask, lite_site: Site, tmp_path: Path) -> None:
    assessment_id, _ = build_unit(lite_site)
    runner = lite_app.test_cli_runner()
    ids, _ = build_accounts(lite_site)
    client = client_of(lite_app, ids[Role.ADMIN])
    for name, act, form in (
        ("report.pdf", "report", "pdf"),
        ("report.docx", "report", "docx"),
        ("letters.zip", "letters", "pdf"),
        ("letters-docx.zip", "letters", "docx"),
    ):
        out = tmp_path / name
        command = ["assessment", act, str(assessment_id), "--form", form, "--out", str(out)]
        assert runner.invoke(args=command).exit_code == 0
        assert out.read_bytes() == client.get(f"/assessments/{assessment_id}/{name}").data
        assert runner.invoke(args=[*command[:2], "99", *command[3:]]).exit_code != 0
