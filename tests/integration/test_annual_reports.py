"""The report and the letters: their figures are those of the results, and a draft says that it is one."""

import io
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from surveys.services import annual_reports, results
from surveys.services.actors import Role
from surveys.services.errors import NotFound, WrongState
from surveys.services.marks import MarkEntry
from surveys.services.proceeding_records import ProceedingKind
from surveys.services.site import Site
from surveys.storage.tables import Assessment
from tests.builders import GROUP, build_unit, enter, event, exempt, fill_marks, record, sealed_poll
from tests.conftest import NOW
from tests.integration.test_proceedings import add
from tests.integration.test_web_polls import PDF, ZIP, download_name
from tests.unit.test_reporting_documents import pages_of
from tests.worlds import TALKED, Shown, build_accounts, client_of


def build_round(site: Site) -> int:
    """Four units: two finished, one with a poll that does not count, one with rows nobody has marked."""
    assessment_id, first = build_unit(site, "样例甲局")
    _, second = build_unit(site, "样例乙局", assessment_id=assessment_id)
    _, withheld = build_unit(site, "样例丙局", assessment_id=assessment_id)
    _, county = build_unit(site, "样例丁县", framework="county", category="县区", assessment_id=assessment_id)
    sealed_poll(site, first, "AAAB")
    sealed_poll(site, second, "ABC")
    sealed_poll(site, withheld, "A", count=2)
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
        return "\n".join(pages_of(annual_reports.report_pdf(session, assessment_id), folder))


def letter_texts(site: Site, assessment_id: int, folder: Path) -> dict[str, str]:
    with site.database.reading() as session:
        data = annual_reports.letters_zip(session, assessment_id)
    with zipfile.ZipFile(io.BytesIO(data)) as bundle:
        return {name: "\n".join(pages_of(bundle.read(name), folder)) for name in bundle.namelist()}


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
        score = None if unit["democratic"] is None else unit["democratic"]["score"]
        expected = ["rank", "unit", "final", "band", "base", "bonus", "deduction"]
        words = [str(unit[key]) if unit[key] is not None else "—" for key in expected]
        words[2] = unit["final"] or "待定"
        assert line == [*words, score or "—"]
    assert "本次考核 4 个单位：市直单位 3 个、县区 1 个" in text
    assert re.search(r"样例丙局\s+民主测评没有达到\s+1 行：III-36", text)
    assert re.search(r"样例丁县\s+待打分", text)
    assert "民主测评计分 2 个单位" in text
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


def test_a_letter_names_no_leader(site: Site, tmp_path: Path) -> None:
    assessment_id, unit_id = build_unit(site, "甲局")
    sealed_poll(site, unit_id, "AB")
    assert "样例1" not in "".join(letter_texts(site, assessment_id, tmp_path).values())


@pytest.mark.parametrize(
    ("state", "draft"),
    [
        ("preparing", True),
        ("marking", True),
        ("provisional", True),
        ("appeal", True),
        ("certified", False),
        ("archived", False),
    ],
)
def test_only_what_is_certified_is_final(site: Site, tmp_path: Path, state: str, draft: bool) -> None:
    assessment_id, _ = build_unit(site)
    set_state(site, assessment_id, state)
    texts = [report_text(site, assessment_id, tmp_path), *letter_texts(site, assessment_id, tmp_path).values()]
    assert [("草稿" in text, "尚未核定" in text) for text in texts] == [(draft, draft)] * 2


def test_the_same_data_are_the_same_bytes(site: Site) -> None:
    assessment_id = build_round(site)
    made = []
    for _ in range(2):
        with site.database.reading() as session:
            made.append(
                (annual_reports.report_pdf(session, assessment_id), annual_reports.letters_zip(session, assessment_id))
            )
    assert made[0] == made[1]


def test_a_units_name_stays_inside_the_zip(site: Site) -> None:
    assessment_id, _ = build_unit(site, "../../样例/局\\:*")
    with site.database.reading() as session:
        data = annual_reports.letters_zip(session, assessment_id)
    assert zipfile.ZipFile(io.BytesIO(data)).namelist() == ["001-_.._样例_局___.pdf"]


def test_without_units_there_is_no_report(site: Site) -> None:
    with site.database.writing() as session:
        rules = results.ScoringRules().to_json()
        session.add(Assessment(title="空", state="marking", rules=rules, created_at=NOW))
        session.commit()
        with pytest.raises(WrongState, match="没有单位"):
            annual_reports.report_pdf(session, 1)
        with pytest.raises(NotFound):
            annual_reports.letters_zip(session, 2)


def test_the_results_page_offers_both(shown: Shown) -> None:
    address = f"/assessments/{shown.world.assessment_id}"
    page = shown.client(Role.ADMIN).page(f"{address}/results")
    assert "每页都印“草稿”" in page.text
    for name, kind, title in (("report.pdf", PDF, "考核报告.pdf"), ("letters.zip", ZIP, "反馈函.zip")):
        assert f"{address}/{name}" in page.links()
        response = shown.client(Role.ADMIN).get(f"{address}/{name}")
        assert response.data.startswith(kind)
        assert download_name(response) == title


def test_the_commands_write_the_same(lite_app: Flask, lite_site: Site, tmp_path: Path) -> None:
    assessment_id, _ = build_unit(lite_site)
    runner = lite_app.test_cli_runner()
    keys, _ = build_accounts(lite_site)
    client = client_of(lite_app, keys[Role.ADMIN])
    for name in ("report.pdf", "letters.zip"):
        out = tmp_path / name
        command = ["assessment", name.split(".")[0], str(assessment_id), "--out", str(out)]
        assert runner.invoke(args=command).exit_code == 0
        assert out.read_bytes() == client.get(f"/assessments/{assessment_id}/{name}").data
        assert runner.invoke(args=[*command[:2], "99", *command[3:]]).exit_code != 0
