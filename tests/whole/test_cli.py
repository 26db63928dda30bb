"""The command line that others' scripts rely on: shapes, exit codes, errors on stderr in Chinese."""

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask

from app import create_app
from surveys.acts.actors import COMMAND_LINE
from surveys.acts.site import Site
from surveys.catalog import loader
from surveys.settings import database_url_of
from surveys.vote import poll_entries, polls
from tests.builders import World, box_counts, build_poll, build_unit, cast, close_and_seal, filled, sheet_of
from tests.framework_files import shipped, tables_of, with_cells, written
from tests.servers import ROOT, environment
from tests.sites import settings_for

pytestmark = pytest.mark.both

CHINESE = re.compile(r"[\u4e00-\u9fff]")
SEAL = re.compile(r"sha256:[0-9a-f]{64}")
NUMBER = re.compile(r"\d+\.\d{2}")


def run(app: Flask, *arguments: object, **options: Any) -> Result:
    with app.app_context():  # as `flask` does
        return app.test_cli_runner().invoke(args=[str(argument) for argument in arguments], **options)


def done(app: Flask, *arguments: object, **options: Any) -> str:
    result = run(app, *arguments, **options)
    assert result.exit_code == 0, f"{arguments}: {result.stderr}"
    return result.stdout


def shown(app: Flask, *arguments: object) -> Any:
    return json.loads(done(app, *arguments, "--json"))


def refused(app: Flask, *arguments: object, **options: Any) -> str:
    """The sentence on stderr of a command that fails, prints nothing else and says why in Chinese."""
    result = run(app, *arguments, **options)
    assert result.exit_code != 0, arguments
    assert result.stdout == ""
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert CHINESE.search(result.stderr), result.stderr
    assert "Traceback" not in result.stderr
    return result.stderr


def voted(site: Site, ballots: int = 5) -> World:
    world = build_poll(site)
    sheet = sheet_of(site, world.poll_id)
    for code in world.codes["A"][:ballots]:
        cast(site, code, filled(sheet, "AB"))
    return world


def sealed(site: Site) -> World:
    world = voted(site, 8)
    close_and_seal(site, world.poll_id)
    return world


@pytest.mark.parametrize(("key", "sizes"), [("municipal", (4, 15, 36, 41)), ("county", (4, 13, 26, 31))])
def test_catalog_show_of_a_framework(lite_app: Flask, key: str, sizes: tuple[int, ...]) -> None:
    found = shown(lite_app, "catalog", "show", key)
    assert {"key", "title", "blocks"} <= set(found)
    indicators = [indicator for block in found["blocks"] for indicator in block["indicators"]]
    contents = [content for indicator in indicators for content in indicator["contents"]]
    standards = [standard for content in contents for standard in content["standards"]]
    assert (len(found["blocks"]), len(indicators), len(contents), len(standards)) == sizes
    for node in (*found["blocks"], *indicators, *contents):
        assert node["code"]
        assert "name" in node
    for standard in standards:
        assert {"key", "text", "methods", "departments", "applies_to", "kind", "points", "evidence", "note"} <= set(
            standard
        )
        assert standard["kind"] in ("standard", "bonus", "deduction", "veto")
        assert isinstance(standard["points"], str)


@pytest.mark.parametrize(("key", "questions", "count"), [("organization", "items", 9), ("leader", "aspects", 7)])
def test_catalog_show_of_a_questionnaire(lite_app: Flask, key: str, questions: str, count: int) -> None:
    found = shown(lite_app, "catalog", "show", key)
    assert [grade["name"] for grade in found["grades"]] == ["好", "较好", "一般", "差"]
    assert [grade["letter"] for grade in found["grades"]] == ["A", "B", "C", "D"]
    assert [grade["weight"] for grade in found["grades"]] == ["100", "80", "60", "40"]
    assert len(found[questions]) == count
    assert all(question["key"] and question["text"] for question in found[questions])


def test_catalog_show_for_people(lite_app: Flask) -> None:
    assert len(done(lite_app, "catalog", "show", "municipal").splitlines()) == 42
    assert len(done(lite_app, "catalog", "show", "leader").splitlines()) == 8


def test_catalog_show_of_nothing(lite_app: Flask) -> None:
    assert "可用的有" in refused(lite_app, "catalog", "show", "nothing")


def test_catalog_check(lite_app: Flask, tmp_path: Path) -> None:
    good = ROOT / "surveys" / "catalog" / "frameworks" / "county.yaml"
    assert "没有发现问题" in done(lite_app, "catalog", "check", good)
    bad = tmp_path / "bad.yaml"
    bad.write_text(good.read_text(encoding="utf-8").replace("material_review", "没有这种方法", 1), encoding="utf-8")
    fault = refused(lite_app, "catalog", "check", bad)
    assert re.search(r"bad\.yaml.*\d+", fault)
    assert "没有这种方法" in fault


def test_catalog_check_of_no_yaml(lite_app: Flask, tmp_path: Path) -> None:
    for content in (b"\xff\xfe\x00", b"a: [", b"", b"- 1\n"):
        (tmp_path / "broken.yaml").write_bytes(content)
        refused(lite_app, "catalog", "check", tmp_path / "broken.yaml")


def test_an_assessment_from_the_terminal(lite_app: Flask, tmp_path: Path) -> None:
    assessment = done(lite_app, "assessment", "create", "样例考核", "--framework", "municipal").strip()
    roster = tmp_path / "leaders.txt"
    roster.write_text("\ufeff样例甲 局长\n样例乙，副局长\n", encoding="utf-8")
    options = ["--category", "市直单位", "--framework", "municipal", "--tag", "教育", "--leaders", roster]
    unit = done(lite_app, "assessment", "add-unit", assessment, "样例局", *options).strip()
    found = shown(lite_app, "assessment", "list")
    assert found[0]["id"] == int(assessment)
    assert found[0]["units"] == [{"id": int(unit), "name": "样例局", "category": "市直单位"}]
    assert "样例考核" in done(lite_app, "assessment", "list")
    assert "没有标签" in refused(lite_app, "assessment", "add-unit", assessment, "另一局", *options[:4], "--tag", "x")
    assert "没有名为 x" in refused(lite_app, "assessment", "create", "考核", "--framework", "x")


def test_a_poll_from_the_terminal(app: Flask, site: Site, tmp_path: Path) -> None:
    """From making to its bundle, on both databases."""
    _, unit_id = build_unit(site)
    made = [
        "poll",
        "create",
        "--unit",
        unit_id,
        "--entitled",
        12,
        "--class",
        "A:领导班子成员:40",
        "--class",
        "B:职工:60",
    ]
    poll_id = int(done(app, *made))
    table = list(
        csv.DictReader(io.StringIO(done(app, "poll", "issue", poll_id, "--class", "B", "--count", 8, "--csv", "-")))
    )
    assert list(table[0]) == ["class", "code", "url"]
    assert len(table) == 8
    assert {row["class"] for row in table} == {"B"}
    assert all(row["url"] == f"http://127.0.0.1:8000/b/{row['code']}" for row in table)
    path = tmp_path / "a.csv"
    assert done(app, "poll", "issue", poll_id, "--class", "A", "--count", 3, "--csv", path) == ""
    assert len(path.read_text(encoding="utf-8-sig").splitlines()) == 4
    assert path.stat().st_mode & 0o777 == 0o600
    done(app, "poll", "open", poll_id)
    done(app, "poll", "void", poll_id, "--code", table[7]["code"].lower(), "--reason", "发错了")
    sheet = sheet_of(site, poll_id)
    for row in table[:7]:
        cast(site, row["code"].replace("-", ""), filled(sheet, "AB"))
    (line,) = shown(app, "poll", "list")
    assert {"id", "unit", "category", "framework", "state", "rehearsal", "classes"} <= set(line)
    assert (line["id"], line["state"], line["rehearsal"], line["framework"]) == (poll_id, "open", False, "municipal")
    assert line["classes"][1] == {"key": "B", "name": "职工", "weight": "60", "issued": 8, "cast": 5, "void": 1}
    turnout = shown(app, "poll", "turnout", poll_id)
    assert (turnout["entitled"], turnout["present"], turnout["issued"], turnout["returned"]) == (12, None, 11, 5)
    done(app, "poll", "present", poll_id, 10)
    assert SEAL.fullmatch(seal := done(app, "poll", "close", poll_id).strip())
    assert shown(app, "poll", "turnout", poll_id)["returned"] == 7
    tally = shown(app, "poll", "tally", poll_id)
    assert (tally["poll"], tally["unit"], tally["seal"]) == (poll_id, "样例局", seal)
    assert [tally[key] for key in ("entitled", "present", "issued", "returned", "valid", "invalid")] == [
        12,
        10,
        11,
        7,
        7,
        0,
    ]
    assert tally["organization"]["score"] == "91.11"
    first = tally["organization"]["items"][0]
    assert {"key", "text", "counts", "score"} <= set(first)
    assert (first["counts"], first["score"]) == ({"A": 7, "B": 0, "C": 0, "D": 0, "-": 0}, "100.00")
    assert [leader["name"] for leader in tally["leaders"]] == ["样例1", "样例2"]
    assert len(tally["leaders"][0]["aspects"]) == 7
    assert seal in done(app, "poll", "verify", poll_id)
    out = tmp_path / "bundle.zip"
    done(app, "poll", "bundle", poll_id, "--out", out)
    with zipfile.ZipFile(out) as bundle:
        whole = json.loads(bundle.read("tally.json"))
    assert whole["organization"] == tally["organization"]
    assert whole["leaders"] == tally["leaders"]
    assert set(tally) - set(whole) == {"poll", "shortcoming", "passed_on", "warnings"}


@pytest.mark.parametrize("close", [False, True])
def test_nothing_of_a_result_before_sealing(lite_app: Flask, lite_site: Site, tmp_path: Path, close: bool) -> None:
    world = voted(lite_site)
    if close:
        with lite_site.database.writing() as session:
            polls.close_poll(session, lite_site.now(), COMMAND_LINE, world.poll_id)
    for arguments in (["tally"], ["tally", "--json"], ["verify"], ["bundle", "--out", tmp_path / "bundle.zip"]):
        result = run(lite_app, "poll", arguments[0], world.poll_id, *arguments[1:])
        assert result.exit_code == 1
        assert result.stdout == ""
        assert "封存" in result.stderr
    assert not (tmp_path / "bundle.zip").exists()


def test_closing_what_is_closed_seals_it_and_no_more(lite_app: Flask, lite_site: Site) -> None:
    world = voted(lite_site)
    assert SEAL.fullmatch(done(lite_app, "poll", "close", world.poll_id).strip())
    assert "已封存" in refused(lite_app, "poll", "close", world.poll_id)


def test_what_cannot_be_is_refused(lite_app: Flask, lite_site: Site) -> None:
    world = sealed(lite_site)
    for act in ("open", "close", "tally", "verify", "turnout"):
        assert "没有编号为 999" in refused(lite_app, "poll", act, 999)
    assert "没有编号为 999" in refused(lite_app, "assessment", "results", 999)
    assert "没有编号为 999" in refused(lite_app, "poll", "create", "--unit", 999, "--entitled", 5)
    assert "已封存" in refused(lite_app, "poll", "open", world.poll_id)
    assert "封存" in refused(lite_app, "poll", "present", world.poll_id, 5)
    assert "不能再发票" in refused(lite_app, "poll", "issue", world.poll_id, "--count", 5, "--csv", "-")
    create = ["poll", "create", "--unit", 1, "--entitled"]
    assert "应到人数" in refused(lite_app, *create, 0)
    assert "代号:名称:权重" in refused(lite_app, *create, 5, "--class", "A:参评人")
    assert "须是数字" in refused(lite_app, *create, 5, "--team", "行政班子", "--team-weight", "多")
    assert "班子的权重" in refused(lite_app, *create, 5, "--team", "行政班子", "--team-weight", "0")
    assert "票码不完整" in refused(
        lite_app, "poll", "void", build_poll(lite_site).poll_id, "--code", "x", "--reason", "y"
    )


def test_beyond_entitled_and_reserve_it_issues_nothing(lite_app: Flask, lite_site: Site, tmp_path: Path) -> None:
    build_unit(lite_site)
    poll = done(lite_app, "poll", "create", "--unit", 1, "--entitled", 5, "--reserve", 2).strip()
    done(lite_app, "poll", "issue", poll, "--count", 6, "--csv", "-")
    path = tmp_path / "codes.csv"
    words = refused(lite_app, "poll", "issue", poll, "--count", 2, "--csv", path)
    assert "应到 5，预留 2，最多发 7 张；已发 6 张（不算作废），再发 2 张就是 8 张" in words
    assert not path.exists()
    done(lite_app, "poll", "issue", poll, "--count", 1, "--csv", "-")


def test_a_poll_of_one_of_several_teams(lite_app: Flask, lite_site: Site) -> None:
    build_unit(lite_site)
    create = ["poll", "create", "--unit", 1, "--entitled", 5]
    done(lite_app, *create)
    done(lite_app, *create, "--team", "行政班子", "--team-weight", "0.40")
    found = [(poll["team"], poll["team_weight"]) for poll in shown(lite_app, "poll", "list")]
    assert found == [("行政班子", "0.4"), ("", "1")]


@pytest.mark.parametrize("count", [0, 5001, -1])
def test_a_wrong_number_of_tickets_writes_no_file(lite_app: Flask, lite_site: Site, tmp_path: Path, count: int) -> None:
    world = build_poll(lite_site, count=0)
    path = tmp_path / "codes.csv"
    refused(lite_app, "poll", "issue", world.poll_id, "--csv", path, "--count", count)
    assert not path.exists()


def test_a_code_to_void_is_asked_for(lite_app: Flask, lite_site: Site) -> None:
    world = build_poll(lite_site)
    done(lite_app, "poll", "void", world.poll_id, "--reason", "发错了", input=world.codes["A"][0] + "\n")
    assert shown(lite_app, "poll", "turnout", world.poll_id)["classes"][0]["void"] == 1


def test_assessment_results(lite_app: Flask, lite_site: Site) -> None:
    assessment_id, _ = build_unit(lite_site)
    found = shown(lite_app, "assessment", "results", assessment_id)
    assert {"assessment", "title", "state", "units"} <= set(found)
    (unit,) = found["units"]
    keys = "unit category framework base bonus deduction final band rank pending blocks democratic"
    assert set(keys.split()) <= set(unit)
    assert (unit["unit"], unit["final"], unit["band"], unit["rank"]) == ("样例局", None, None, None)
    assert unit["pending"] > 0
    assert [block["code"] for block in unit["blocks"]] == ["I-1", "I-2", "I-3", "I-4"]
    assert set(unit["democratic"]) == {"score", "got", "points"}
    assert "待定" in done(lite_app, "assessment", "results", assessment_id)


def test_accounts(lite_app: Flask) -> None:
    password = done(lite_app, "account", "create", "wang", "--role", "organizer").strip()
    assert len(password) >= 12
    assert "已经存在" in refused(lite_app, "account", "create", "wang", "--role", "admin")
    assert "考核部门" in refused(lite_app, "account", "create", "li", "--role", "assessor")
    done(lite_app, "account", "create", "li", "--role", "assessor", "--department", "市委网信办")
    assert done(lite_app, "account", "reset", "wang").strip() != password
    assert "没有账号“qian”" in refused(lite_app, "account", "reset", "qian")
    assert run(lite_app, "account", "create", "zhao", "--role", "king").exit_code != 0


def test_the_first_admin_is_made_once(lite_app: Flask) -> None:
    told = done(lite_app, "first-admin")
    found = dict(re.findall(r"账号 (\w+)  密码 (\S+)", told))
    assert set(found) == {"system", "admin", "auditor"}
    assert len(set(found.values())) == 3
    assert done(lite_app, "first-admin") == ""


def test_the_log_is_verified_and_listed(lite_app: Flask) -> None:
    done(lite_app, "account", "create", "wang", "--role", "organizer")
    told = done(lite_app, "audit", "verify").strip()
    assert re.fullmatch(r"一致 1 sha256:[0-9a-f]{64}", told)
    head = told.removeprefix("一致 ")
    done(lite_app, "account", "reset", "wang")
    assert "一致 2" in done(lite_app, "audit", "verify", "--against", head)
    assert "没有这个日志头" in refused(lite_app, "audit", "verify", "--against", f"2 {head.split()[1]}")
    assert "序号" in refused(lite_app, "audit", "verify", "--against", "x")
    assert [(line["number"], line["who"], line["act"]) for line in shown(lite_app, "audit", "list")] == [
        (1, "命令行", "建立账号"),
        (2, "命令行", "重设密码"),
    ]
    assert done(lite_app, "audit", "list").count("\n") == 2
    with lite_app.extensions["site"].database.writing() as session:
        session.execute(sa.text("DELETE FROM audit_log WHERE id = 1"))
        session.commit()
    assert "第 2 条" in refused(lite_app, "audit", "verify")


def test_an_account_is_confirmed(lite_app: Flask) -> None:
    assert "没有账号“qian”" in refused(lite_app, "account", "confirm", "qian")
    done(lite_app, "account", "create", "wang", "--role", "organizer")
    assert "已经确认过" in refused(lite_app, "account", "confirm", "wang")


def test_the_demo_in_exact_figures(lite_app: Flask) -> None:
    """Figures of the README's worked example."""
    first = done(lite_app, "demo")
    assert first.count("/b/") == 3
    (assessment,) = shown(lite_app, "assessment", "list")
    states = [poll["state"] for poll in shown(lite_app, "poll", "list")]
    assert set(states) == {"draft", "open", "closed", "sealed"}
    found = {unit["unit"]: unit for unit in shown(lite_app, "assessment", "results", assessment["id"])["units"]}
    assert len(found) >= 6
    for unit in found.values():
        scores = [unit[key] for key in ("base", "bonus", "deduction", "final") if unit[key] is not None]
        assert all(NUMBER.fullmatch(score) for score in scores)
        assert (unit["final"] is None) is (unit["pending"] + unit["withheld"] > 0)
    assert found["示例市档案局"]["rank"] is not None
    assert found["示例市林业局"]["final"] is None
    ids = [poll["id"] for poll in shown(lite_app, "poll", "list") if poll["unit"] == "示例市档案局"]
    tally = shown(lite_app, "poll", "tally", ids[0])
    assert tally["organization"]["items"][0]["counts"] == {"A": 26, "B": 12, "C": 3, "D": 1, "-": 0}
    assert tally["organization"]["items"][0]["score"] == "90.00"
    again = done(lite_app, "demo")
    assert again.count("/b/") == 3
    assert len(shown(lite_app, "poll", "list")) == len(states)


def test_the_demo_touches_no_other_data(lite_app: Flask, lite_site: Site) -> None:
    build_unit(lite_site)
    assert "已有别的考核" in refused(lite_app, "demo")


def flask(folder: Path, *arguments: object, **changes: str) -> subprocess.CompletedProcess[str]:
    """As typed in a terminal."""
    url = database_url_of(f"sqlite:///{folder / 'terminal.db'}")
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "app", *map(str, arguments)],
        cwd=ROOT,
        env=environment(url, folder, 8000, **changes),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_in_a_real_terminal(sqlite_template: Path, tmp_path: Path) -> None:
    shutil.copy(sqlite_template, tmp_path / "terminal.db")
    catalog = flask(tmp_path, "catalog", "show", "county", "--json")
    assert (catalog.returncode, catalog.stderr) == (0, "")
    assert json.loads(catalog.stdout)["key"] == "county"
    fault = flask(tmp_path, "poll", "tally", 1, "--json")
    assert (fault.returncode, fault.stdout) == (1, "")
    assert fault.stderr == "Error: 没有编号为 1 的测评会。\n"


def test_a_database_that_was_never_migrated_is_named(tmp_path: Path) -> None:
    app = create_app(settings_for(database_url_of(f"sqlite:///{tmp_path / 'empty.db'}"), tmp_path))
    assert "migrate" in refused(app, "poll", "list", "--json")
    done(app, "migrate")
    assert shown(app, "poll", "list") == []
    app.extensions["site"].database.engine.dispose()


def test_a_missing_setting_is_named_in_the_terminal(tmp_path: Path) -> None:
    fault = flask(tmp_path, "poll", "list", SECRET_KEY="")
    assert fault.returncode != 0
    assert fault.stdout == ""
    assert "没有设置 SECRET_KEY" in fault.stderr
    assert "Traceback" not in fault.stderr


def test_a_roster_is_shown_applied_and_written_out(app: Flask, site: Site, tmp_path: Path) -> None:
    assessment_id, _ = build_unit(site)
    file, out = tmp_path / "名单.csv", tmp_path / "名单.xlsx"
    file.write_bytes("单位,类别,体系,姓名,职务\n样例厅,市直单位,municipal,李䶮,厅长\n".encode("gb18030"))
    shown_first = done(app, "assessment", "import-roster", assessment_id, file)
    assert "新增\t样例厅" in shown_first
    assert "新增\t李䶮\t厅长" in shown_first
    assert "什么都没有改动" in shown_first
    assert len(shown(app, "assessment", "list")[0]["units"]) == 1
    assert "已导入" in done(app, "assessment", "import-roster", assessment_id, file, "--apply")
    assert [unit["name"] for unit in shown(app, "assessment", "list")[0]["units"]] == ["样例局", "样例厅"]
    done(app, "assessment", "export-roster", assessment_id, "--out", out)
    again = done(app, "assessment", "import-roster", assessment_id, out, "--apply")
    assert "新增 0 个单位，修改 0 个，不变 2 个" in again


def test_a_faulty_roster_names_every_place(lite_app: Flask, lite_site: Site, tmp_path: Path) -> None:
    assessment_id, _ = build_unit(lite_site)
    file = tmp_path / "名单.csv"
    file.write_text("单位,类别,体系,姓名,职务\n样例厅,,municipal,=1+1,厅长\n", encoding="utf-8")
    said = refused(lite_app, "assessment", "import-roster", assessment_id, file, "--apply")
    assert "第 2 行 B 列（类别）" in said
    assert "第 2 行 D 列（姓名）" in said
    assert "没有编号为 99 的考核" in refused(lite_app, "assessment", "export-roster", 99, "--out", tmp_path / "x.xlsx")
    assert not (tmp_path / "x.xlsx").exists()


def test_codes_go_into_a_pipe_that_somebody_reads(lite_app: Flask, lite_site: Site, tmp_path: Path) -> None:
    world = build_poll(lite_site, count=0)
    pipe = tmp_path / "codes"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as reader:
        read = reader.submit(pipe.read_bytes)
        done(lite_app, "poll", "issue", world.poll_id, "--count", 3, "--csv", pipe)
        assert len(read.result(20).splitlines()) == 4
    assert pipe.is_fifo()


@pytest.mark.parametrize("size", ["21", "10", "4"])
def test_poll_slips_issues_and_prints(lite_app: Flask, lite_site: Site, tmp_path: Path, size: str) -> None:
    world = build_poll(lite_site, count=0)
    path = tmp_path / "slips.pdf"
    result = run(lite_app, "poll", "slips", world.poll_id, "--count", 5, "--size", size, "--out", path)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "第 1 批，5 张。\n")
    assert path.read_bytes().count(b"/Type /Page\n") == 1 + -(-5 // int(size))
    assert path.stat().st_mode & 0o777 == 0o600
    assert box_counts(lite_site, world.poll_id) == {"unused": 5}


def test_poll_reissue_voids_and_prints_anew(lite_app: Flask, lite_site: Site, tmp_path: Path) -> None:
    world = voted(lite_site, 4)
    path = tmp_path / "slips.pdf"
    path.write_bytes(b"the slips before")
    arguments = ("poll", "reissue", world.poll_id, "--batch", 1, "--reason", "没存好", "--out", path)
    result = run(lite_app, *arguments)
    assert (result.exit_code, result.stderr) == (0, "第 2 批，6 张。\n")
    counts = {"ballots": 4, "receipts": 4, "cast": 4, "void": 6, "unused": 6}
    assert box_counts(lite_site, world.poll_id) == counts
    slips = path.read_bytes()
    assert slips.startswith(b"%PDF-")
    assert "没有未用的票" in refused(lite_app, *arguments)
    assert path.read_bytes() == slips
    assert box_counts(lite_site, world.poll_id) == counts
    assert sorted(each.name for each in tmp_path.glob("*slips*")) == ["slips.pdf"]


def test_slips_that_cannot_be_written_are_not_issued(lite_app: Flask, lite_site: Site, tmp_path: Path) -> None:
    world = build_poll(lite_site, count=3)
    nowhere = tmp_path / "nowhere" / "slips.pdf"
    assert "没有发票" in refused(lite_app, "poll", "slips", world.poll_id, "--count", 5, "--out", nowhere)
    reissue = ("poll", "reissue", world.poll_id, "--batch", 1, "--reason", "印坏", "--out")
    assert "没有发票" in refused(lite_app, *reissue, nowhere)
    assert "没有发票" in refused(lite_app, "poll", "issue", world.poll_id, "--count", 5, "--csv", nowhere)
    assert "没有发票" in refused(lite_app, "poll", "paper", world.poll_id, "--count", 5, "--out", nowhere)
    assert "没有第 9 批" in refused(
        lite_app, "poll", "reissue", world.poll_id, "--batch", 9, "--reason", "印坏", "--out", tmp_path / "slips.pdf"
    )
    assert box_counts(lite_site, world.poll_id) == {"unused": 3}
    assert not list(tmp_path.glob("*slips*"))


def test_a_poll_with_everything_is_made_and_listed(lite_app: Flask, lite_site: Site) -> None:
    build_unit(lite_site, leaders=3)
    create = ["poll", "create", "--unit", 1, "--entitled", 5]
    more = [
        "--held-on",
        "2026年3月2日",
        "--place",
        "三楼",
        "--blank",
        "spoil",
        "--quorum",
        "３/5",
        "--organization",
        "",
    ]
    people = ["--leader", "leader", "--leader-out", "样例2", "--leader-out", "样例3"]
    done(lite_app, *create)
    done(lite_app, *create, *more, *people, "--class", "A:甲:40:20", "--class", "B:乙:60")
    first, second = shown(lite_app, "poll", "list")
    assert (first["held_on"], first["place"]) == ("2026-03-02", "三楼")
    assert (second["held_on"], second["place"]) == (None, "")
    with lite_site.database.reading() as session:
        entry = poll_entries.entry_of(polls.poll_of(session, 2))
    assert [leader.name for leader in entry.leaders or ()] == ["样例1"]
    assert (entry.organization, entry.leader, entry.blank, str(entry.quorum)) == ("", "leader", "spoil", "3/5")
    assert [(each.key, str(each.weight), each.planned) for each in entry.classes] == [
        ("A", "40", 20),
        ("B", "60", None),
    ]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--held-on", "明天"], "日期“明天”"),
        (["--quorum", "一半"], "到会比例“一半”"),
        (["--class", "A:甲"], "代号:名称:权重"),
        (["--leader-out", "无此人"], "没有“无此人”"),
        (["--leader", "nothing"], "没有名为 nothing"),
        (["--leader-out", "样例1", "--leader-out", "样例2"], "一位领导也没有上票"),
    ],
)
def test_a_poll_that_cannot_be_is_refused(lite_app: Flask, lite_site: Site, options: list[str], words: str) -> None:
    build_unit(lite_site)
    assert words in refused(lite_app, "poll", "create", "--unit", 1, "--entitled", 5, *options)
    assert shown(lite_app, "poll", "list") == []


def test_a_framework_goes_to_excel_and_back_to_yaml(lite_app: Flask, lite_site: Site, tmp_path: Path) -> None:
    for key in ("municipal", "county"):
        book, text = tmp_path / f"{key}.xlsx", tmp_path / f"{key}.yaml"
        done(lite_app, "catalog", "export", key, "--out", book)
        done(lite_app, "catalog", "import", book, "--out", text)
        assert "没有发现问题" in done(lite_app, "catalog", "check", text)
        assert loader.load_framework(text) == loader.framework(key)
    assert "没有“nothing”" in refused(lite_app, "catalog", "export", "nothing", "--out", tmp_path / "x.xlsx")
    assert "写不了" in refused(lite_app, "catalog", "export", "county", "--out", tmp_path / "no" / "x.xlsx")


def test_a_faulty_framework_names_every_cell(lite_app: Flask, lite_site: Site, tmp_path: Path) -> None:
    tables = shipped()
    book = tmp_path / "a.xlsx"
    book.write_bytes(written(with_cells(tables, ("测评体系", 2, "分值", "x"), ("测评体系", 3, "适用", "y"))))
    said = refused(lite_app, "catalog", "import", book, "--out", tmp_path / "a.yaml")
    assert "工作表“测评体系” 第 2 行 G 列（分值） “x”" in said
    assert "工作表“测评体系” 第 3 行 I 列（适用） “y”" in said
    assert not (tmp_path / "a.yaml").exists()


def test_an_assessments_framework_is_shown_applied_and_written_out(app: Flask, site: Site, tmp_path: Path) -> None:
    assessment_id, _ = build_unit(site, marking=False)
    book = tmp_path / "a.xlsx"
    done(app, "assessment", "export-framework", assessment_id, "municipal", "--out", book)
    assert tables_of(book.read_bytes()) == shipped()
    book.write_bytes(written(with_cells(shipped(), ("测评体系", 2, "说明", "样例说明"))))
    command = ("assessment", "edit-framework", assessment_id, "municipal", book)
    first = done(app, *command)
    assert "修改\tIII-1(1)" in first
    assert "说明\t（空） → 样例说明" in first
    assert "加 --apply 再运行一次" in first
    assert "已更新" in done(app, *command, "--apply")
    again = done(app, *command, "--apply")
    assert "修改 0 条" in again
    assert "已更新" not in again
    copy_id = int(done(app, "assessment", "copy", assessment_id, "样例考核二"))
    assert copy_id != assessment_id
    assert "没有编号为 99 的考核" in refused(app, "assessment", "copy", 99, "x")
