"""The wizard's pages: a poll made and changed, faults at their fields with what was typed kept, the preview."""

import io
import zipfile
from datetime import date
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import Element

import pytest
import sqlalchemy as sa
import xlsxwriter
from flask import Flask

from surveys.acts.actors import COMMAND_LINE, Role
from surveys.acts.site import Site
from surveys.polling.states import PollState
from surveys.season import assessments
from surveys.season.assessments import LeaderEntry, UnitEntry
from surveys.storage.tables import Account
from surveys.vote import polls
from surveys.vote.poll_entries import PollEntry, entry_of
from surveys.vote.polls import ClassEntry
from surveys.vote.ticketing import tickets
from tests.builders import build_poll, build_unit, run_sql
from tests.sites import NOW
from tests.strict_client import Page, StrictClient
from tests.vote.desk.test_web_polls import assert_in_chinese
from tests.worlds import Shown, build_accounts, client_of

PEOPLE = ("阿卜杜拉·买买提", "样例䶮", "样例甲")
GOOD = {"entitled": "４８", "held_on": "2026-03-02", "place": "三楼会议室"}


@pytest.fixture
def organizer(lite_app: Flask, lite_site: Site) -> StrictClient:
    ids, _ = build_accounts(lite_site)
    return client_of(lite_app, ids[Role.ORGANIZER])


@pytest.fixture
def unit_id(lite_site: Site) -> int:
    people = tuple(LeaderEntry(name, f"职务{number}") for number, name in enumerate(PEOPLE, start=1))
    with lite_site.database.writing() as session:
        assessment_id = assessments.create_assessment(session, NOW, COMMAND_LINE, "样例考核", ["municipal"])
        entry = UnitEntry("样例局", "市直单位", "municipal", leaders=people)
        return assessments.add_unit(session, NOW, COMMAND_LINE, assessment_id, entry)


def made(site: Site) -> list[PollEntry]:
    with site.database.reading() as session:
        return [entry_of(poll) for poll in reversed(polls.list_polls(session))]


def sent(client: StrictClient, address: str, without: tuple[str, ...] = (), **fields: Any) -> Any:
    """The page's form as it stands, with these fields changed and those left out."""
    found = client.page(address).form(address) | fields
    return client.post(address, data={name: value for name, value in found.items() if name not in without})


def element(page: Page, name: str) -> Element:
    return next(each for each in page.root.iter() if each.get("id") == name)


def value(page: Page, name: str) -> str | None:
    return next(each.get("value") for each in page.root.iter("input") if each.get("name") == name)


def test_with_nothing_but_the_number_entitled(lite_site: Site, organizer: StrictClient, unit_id: int) -> None:
    response = sent(organizer, f"/units/{unit_id}/polls/new", entitled="２０")
    assert response.location == "/polls/1/setup"
    (poll,) = made(lite_site)
    assert poll == PollEntry(
        unit_id, "年度民主测评", 20, poll.classes, blank=poll.blank, blanks_allowed=True, abstain=""
    )
    assert [(each.key, each.name, str(each.weight), each.planned) for each in poll.classes] == [
        ("A", "参评人", "1", None)
    ]


def test_who_would_make_a_second_poll_is_shown_the_first(
    lite_site: Site, organizer: StrictClient, unit_id: int
) -> None:
    words = "这个单位已经有测评会"
    assert words not in organizer.page(f"/units/{unit_id}/polls/new").text
    world = build_poll(lite_site, unit_id=unit_id, opened=False)
    page = organizer.page(f"/units/{unit_id}/polls/new")
    assert words in page.text
    assert f"/polls/{world.poll_id}" in page.links()
    assert words not in organizer.page(f"/polls/{world.poll_id}/edit").text


def test_leaders_are_left_out_moved_and_added(lite_site: Site, organizer: StrictClient, unit_id: int) -> None:
    changed = {"leaders-1-order": "1", "leaders-3-name": "样例外", "leaders-3-post": "党组成员", "leaders-3-order": "2"}
    assert sent(organizer, f"/units/{unit_id}/polls/new", ("leaders-2-on",), **GOOD, **changed).status_code == 302
    (poll,) = made(lite_site)
    assert [leader.name for leader in poll.leaders or ()] == ["样例䶮", "阿卜杜拉·买买提", "样例外"]
    page = organizer.page("/polls/1/edit")
    names = [value(page, f"leaders-{number}-name") for number in range(4)]
    assert names == ["样例䶮", "阿卜杜拉·买买提", "样例外", "样例甲"]
    ticked = [each.get("name") for each in page.root.iter("input") if each.get("checked") is not None]
    assert [f"leaders-{number}-on" in ticked for number in range(4)] == [True, True, False, False]
    assert sent(organizer, "/polls/1/edit", title="改名").status_code == 302
    assert made(lite_site)[0].leaders == poll.leaders
    text = organizer.page("/polls/1/setup").text
    assert "不上票：样例甲" in text
    assert "样例外 党组成员" in text


def test_saved_unchanged_a_draft_is_the_same(lite_site: Site, organizer: StrictClient, unit_id: int) -> None:
    sent(organizer, f"/units/{unit_id}/polls/new", **GOOD, two_person="y", blank="spoil", quorum="60%")
    (before,) = made(lite_site)
    assert (before.held_on, before.place, before.two_person) == (date(2026, 3, 2), "三楼会议室", True)
    assert sent(organizer, "/polls/1/edit").status_code == 302
    assert made(lite_site) == [before]


@pytest.mark.parametrize(("preset", "keys"), [("one", "A"), ("30-30-40", "ABC"), ("40-30-30", "ABC")])
def test_without_script_a_button_fills_a_preset_in_and_loses_nothing(
    lite_site: Site, organizer: StrictClient, unit_id: int, preset: str, keys: str
) -> None:
    address = f"/units/{unit_id}/polls/new"
    typed = {
        "title": "我起的名",
        "abstain": "不了解",
        "leaders-0-order": "9",
        "leaders-3-name": "样例外",
        "quorum": "一半",
    }
    response = sent(organizer, address, ("leaders-1-on", "blanks_allowed"), preset=preset, do="preset", **typed)
    page = Page(response)
    assert response.status_code == 200
    assert made(lite_site) == []
    form = page.form(address)
    assert {name: form[name] for name in typed} == typed
    assert "leaders-1-on" not in form
    assert "blanks_allowed" not in form
    assert (form["preset"], form["filled"]) == (preset, preset)
    assert [form[f"classes-{number}-key"] for number in range(len(keys))] == list(keys)
    sure = organizer.post(address, data=form | {"entitled": "5", "quorum": "1/2"})
    assert sure.status_code == 302
    assert "".join(each.key for each in made(lite_site)[0].classes) == keys


def test_more_lines_are_had_without_losing_any(organizer: StrictClient, unit_id: int) -> None:
    address = f"/units/{unit_id}/polls/new"
    people = {f"leaders-{number}-name": f"样例外{number}" for number in (3, 4, 5)}
    page = Page(sent(organizer, address, do="leader-lines", **people))
    assert value(page, "leaders-8-name") == ""
    page = Page(organizer.post(address, data=page.form(address) | {"do": "class-lines"}))
    assert value(page, "classes-4-key") == ""
    assert [value(page, name) for name in people] == list(people.values())


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("entitled", "", "请填写应到人数"),
        ("entitled", "0", "应到人数须是 1"),
        ("entitled", "很多", "应到人数“很多”须是整数"),
        ("title", "", "测评会名称须为 1 至 60 个字"),
        ("title", "长" * 61, "测评会名称须为 1 至 60 个字"),
        ("held_on", "明天", "日期“明天”须是日期"),
        ("place", "长" * 101, "地点太长"),
        ("quorum", "一半", "到会比例“一半”"),
        ("quorum", "3/2", "在 0 与 1 之间"),
        ("preset", "30-30-40", "按所选填好"),
        ("blank", "x", "请选漏填怎样算"),
        ("organization", "nothing", "没有名为 nothing"),
        ("classes-0-key", "甲", "票种代号“甲”"),
        ("classes-0-key", "", "请填写票种第 1 行的代号"),
        ("classes-0-name", " ", "请填写票种第 1 行的名称"),
        ("classes-0-weight", "NaN", "权重“NaN”"),
        ("classes-0-weight", "0", "权重须大于 0"),
        ("classes-0-planned", "-1", "计划张数"),
        ("leaders-0-order", "甲", "阿卜杜拉·买买提的顺序“甲”"),
        ("leaders-3-post", "只有职务", "姓名须为"),
    ],
)
def test_a_fault_stands_at_its_field_and_what_was_typed_is_kept(
    lite_site: Site, organizer: StrictClient, unit_id: int, field: str, typed: str, words: str
) -> None:
    """Also what was typed elsewhere."""
    where = field.replace("leaders-3-post", "leaders-3-name")
    other = {"abstain": "不了解", "leaders-4-name": "样例外"}
    response = sent(organizer, f"/units/{unit_id}/polls/new", **(GOOD | {field: typed} | other))
    page = Page(response)
    assert response.status_code == 400
    assert_in_chinese(page)
    assert words in "".join(element(page, f"{where}-fault").itertext())
    assert element(page, where).get("aria-describedby") == f"{where}-fault"
    assert f"#{where}" in page.links()
    assert made(lite_site) == []
    form = page.form(f"/units/{unit_id}/polls/new")
    assert {name: form[name] for name in other} == other
    if field not in ("blank", "organization"):
        assert form[field] == typed


def test_faults_are_all_shown_at_once(organizer: StrictClient, unit_id: int) -> None:
    page = Page(sent(organizer, f"/units/{unit_id}/polls/new", title="", entitled="x", quorum="x"))
    assert "有 3 处要改" in page.text


def test_nobody_ticked(organizer: StrictClient, unit_id: int) -> None:
    nobody = tuple(f"leaders-{number}-on" for number in range(3))
    page = Page(sent(organizer, f"/units/{unit_id}/polls/new", nobody, **GOOD))
    assert "一位领导也没有上票" in page.text
    assert sent(organizer, f"/units/{unit_id}/polls/new", nobody, **GOOD, leader="").status_code == 302


def test_a_leader_twice(organizer: StrictClient, unit_id: int) -> None:
    page = Page(sent(organizer, f"/units/{unit_id}/polls/new", **GOOD, **{"leaders-3-name": PEOPLE[0]}))
    assert "出现了两次" in page.text


def test_sixty_leaders_on_one_page(lite_site: Site, organizer: StrictClient) -> None:
    _, unit_id = build_unit(lite_site, leaders=60)
    assert sent(organizer, f"/units/{unit_id}/polls/new", **GOOD, **{"leaders-59-order": "1"}).status_code == 302
    people = made(lite_site)[0].leaders or ()
    assert (len(people), people[0].name, people[1].name) == (60, "样例60", "样例1")
    assert organizer.page("/polls/1/preview").html.count('<section class="card">') == 61


def test_a_class_with_tickets_cannot_go(lite_site: Site, organizer: StrictClient, unit_id: int) -> None:
    world = build_poll(lite_site, unit_id=unit_id, count=3, opened=False)
    page = Page(sent(organizer, f"/polls/{world.poll_id}/edit", **{"classes-0-key": "B"}))
    assert "票种 A 已经发过票" in "".join(element(page, "classes-fault").itertext())
    assert sent(organizer, f"/polls/{world.poll_id}/edit", **{"classes-0-name": "新名"}).status_code == 302


@pytest.mark.parametrize("state", [PollState.OPEN, PollState.CLOSED, PollState.SEALED])
def test_only_a_draft_is_changed(shown: Shown, state: PollState) -> None:
    address = f"/polls/{shown.world.polls[state].poll_id}"
    client = shown.client(Role.ORGANIZER)
    assert "设置不能再改" in client.page(f"{address}/edit", 409).text
    assert f"{address}/edit" not in client.page(f"{address}/setup").links()


def test_the_summary_warns(lite_site: Site, organizer: StrictClient) -> None:
    _, unit_id = build_unit(lite_site, leaders=0)
    sent(organizer, f"/units/{unit_id}/polls/new", entitled="5", **{"classes-0-planned": "6"})
    text = organizer.page("/polls/1/setup").text
    assert "计划发票共 6 张，多于应到 5 人" in text
    assert "没有领导名单，选票上只有领导班子" in text
    sent(organizer, "/polls/1/edit", organization="")
    assert "选票上还什么都没有" in organizer.page("/polls/1/setup").text


def test_the_summary_warns_of_a_class_too_small_to_be_shown(lite_site: Site, organizer: StrictClient) -> None:
    two = [ClassEntry("A", "班子", Decimal(1), 4), ClassEntry("B", "职工", Decimal(1))]
    poll_id = build_poll(lite_site, count=0, classes=two, opened=False).poll_id
    assert "票种 A 不足 5 张" in organizer.page(f"/polls/{poll_id}/setup").text
    with lite_site.database.writing() as session:
        for class_key, count in (("A", 5), ("B", 3)):
            tickets.issue(session, NOW, COMMAND_LINE, poll_id, class_key, count)
    assert "票种 B 不足 5 张" in organizer.page(f"/polls/{poll_id}/setup").text
    alone = build_poll(lite_site, count=3, opened=False).poll_id
    assert "不足 5 张" not in organizer.page(f"/polls/{alone}/setup").text


@pytest.mark.parametrize("role", [Role.ADMIN, Role.ORGANIZER, Role.SCRUTINEER])
def test_the_preview_is_the_ballot_without_a_way_to_submit(shown: Shown, role: Role) -> None:
    """Of a draft too; word for word what the voter's page has between its first and last question."""
    client = shown.client(role)
    for world in shown.world.polls.values():
        page = client.page(f"/polls/{world.poll_id}/preview")
        assert "预览" in page.text
        buttons = [each for each in page.root.iter("button") if each.get("type") == "submit"]
        assert [each.get("disabled") is not None for each in buttons] == [True]
        assert client.post(f"/polls/{world.poll_id}/preview", data={"o-1": "A"}).status_code in (400, 405)
    open_world = shown.world.open
    preview = client.page(f"/polls/{open_world.poll_id}/preview").html
    ballot = shown.client().page(f"/b/{shown.world.unused[PollState.OPEN]}").html
    inside = [html[html.index("<fieldset") : html.rindex("</fieldset>")] for html in (preview, ballot)]
    assert inside[0] == inside[1]


def test_abstaining_and_blanks_are_on_the_ballot_as_chosen(
    lite_site: Site, organizer: StrictClient, unit_id: int
) -> None:
    address = f"/units/{unit_id}/polls/new"
    assert sent(organizer, address, ("blanks_allowed",), **GOOD, abstain="不了解").status_code == 302
    page = organizer.page("/polls/1/preview")
    assert "不了解" in page.text
    assert "blanks_meant" not in page.html
    assert "允许漏填否" in organizer.page("/polls/1/setup").text
    form = organizer.page("/polls/1/edit").form("/polls/1/edit")
    assert form["abstain"] == "不了解"
    assert "blanks_allowed" not in form
    sent(organizer, "/polls/1/edit", abstain="", blanks_allowed="y")
    assert "blanks_meant" in organizer.page("/polls/1/preview").html
    assert "不了解" not in organizer.page("/polls/1/preview").text


def test_the_preview_of_a_rehearsal_says_so(lite_site: Site, organizer: StrictClient) -> None:
    world = build_poll(lite_site, count=0, rehearsal=True)
    assert "演练，结果不计入考核" in organizer.page(f"/polls/{world.poll_id}/preview").text


def test_the_list_is_by_date_and_filtered(lite_site: Site, organizer: StrictClient) -> None:
    _, unit_id = build_unit(lite_site)
    ids = [
        build_poll(lite_site, unit_id=unit_id, count=0, opened=opened, rehearsal=opened).poll_id for opened in (0, 1)
    ]
    run_sql(lite_site, "UPDATE polls SET held_on = '2026-03-02', place = '三楼' WHERE id = :id", id=ids[0])

    def listed(query: str = "") -> list[int]:
        links = organizer.page(f"/polls{query}").links()
        return [int(link.rsplit("/", 1)[1]) for link in links if link.startswith("/polls/")]

    assert listed() == ids
    page = organizer.page("/polls")
    assert "2026-03-02" in page.text
    assert "演练" in page.text
    assert listed("?state=open") == [ids[1]]
    assert listed("?q=%E4%B8%89%E6%A5%BC&state=draft") == [ids[0]]
    assert listed("?q=nothing") == []
    assert "没有符合的测评会" in organizer.page("/polls?q=nothing").text
    assert listed("?state=nonsense&q=%20%00%ff") in ([], ids)
    assert value(organizer.page("/polls?q=%22%3E%3Cb%3E"), "q") == '"><b>'


def test_words_that_no_database_holds_are_no_error(app: Flask, site: Site) -> None:
    ids, _ = build_accounts(site)
    client = client_of(app, ids[Role.ORGANIZER])
    for words in ("%00", "%EF%BF%BE", "%25", "_" * 5000, "%F0%9F%97%B3"):
        client.page(f"/polls?q={words}")


CSV = "单位,应到,日期,票种\n样例局,48,2026-03-02,40/30/30\n"


def upload(client: StrictClient, text: str | bytes, name: str = "计划.csv") -> Any:
    address = "/assessments/1/polls/import"
    data = text if isinstance(text, bytes) else text.encode()
    return client.post(address, data=client.page(address).form(address) | {"file": (io.BytesIO(data), name)})


def test_many_polls_from_a_file(lite_site: Site, organizer: StrictClient, unit_id: int) -> None:
    assert "/assessments/1/polls/import" in organizer.page("/assessments").links()
    address = str(upload(organizer, CSV).location)
    page = organizer.page(address)
    assert "没有发现问题" in page.text
    assert "A 领导班子成员（40）" in page.text
    assert made(lite_site) == []
    assert organizer.submit(address).location == "/polls"
    assert "已建立 1 场测评会" in organizer.page("/polls").text
    assert [poll.entitled for poll in made(lite_site)] == [48]
    organizer.page(address, 404)


def test_the_button_makes_what_stands_above_it(lite_site: Site, organizer: StrictClient, unit_id: int) -> None:
    address = str(upload(organizer, CSV).location)
    above = organizer.page(address).form(address)
    address = str(upload(organizer, CSV.replace("48", "49")).location)
    shown = {"shown": above["shown"]}
    for data, words in (
        (above, "另一份文件的预览"),
        (organizer.page(address).form(address) | shown, "一场测评会也没有建"),
    ):
        response = organizer.post(address, data=data)
        assert response.status_code == 409
        assert words in response.text
    assert made(lite_site) == []
    assert organizer.submit(address).location == "/polls"
    assert [poll.entitled for poll in made(lite_site)] == [49]


def test_the_filled_template_is_taken_back(lite_site: Site, organizer: StrictClient, unit_id: int) -> None:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target) as book:
        sheet = book.add_worksheet("测评会")
        for row, cells in enumerate([("单位*", "应到*", "日期"), ("样例局", 48, "2026-03-02")]):
            sheet.write_row(row, 0, cells)
        book.add_worksheet("说明").write_row(0, 0, ("列名", "例子"))
    address = str(upload(organizer, target.getvalue(), "计划.xlsx").location)
    assert organizer.submit(address).location == "/polls"
    assert [(poll.entitled, poll.held_on) for poll in made(lite_site)] == [(48, date(2026, 3, 2))]


def test_a_file_with_faults_shows_them_and_makes_nothing(
    lite_site: Site, organizer: StrictClient, unit_id: int
) -> None:
    address = str(upload(organizer, CSV + "样例局<b>,四十,,\n").location)
    page = organizer.page(address)
    assert "有 2 处要改" in page.text
    cells = [["".join(cell.itertext()) for cell in row] for row in page.root.iter("tr")]
    assert ["第 3 行 B 列（应到）", "四十", "须是整数，如 20。"] in cells
    assert [form.get("action") for form in page.root.iter("form")] == ["/logout"]
    token = organizer.page("/polls").form("/logout")
    assert organizer.post(address, data=token).status_code == 400
    assert made(lite_site) == []


@pytest.mark.parametrize(("data", "name", "words"), [(b"", "", "请先选一个文件"), (b"PK\x03\x04", "a.xlsx", "工作簿")])
def test_what_cannot_be_read_is_said(organizer: StrictClient, unit_id: int, data: bytes, name: str, words: str) -> None:
    response = upload(organizer, data, name)
    assert response.status_code == 400
    assert words in response.text


def test_another_accounts_file_is_not_there(
    lite_app: Flask, lite_site: Site, organizer: StrictClient, unit_id: int
) -> None:
    address = str(upload(organizer, CSV).location)
    with lite_site.database.reading() as session:
        number = session.scalars(sa.select(Account.id).where(Account.role == Role.ADMIN)).one()
    client_of(lite_app, number).page(address, 404)


def test_the_template_is_a_workbook_with_the_units(organizer: StrictClient, unit_id: int) -> None:
    response = organizer.get("/assessments/1/polls/template.xlsx")
    assert response.data.startswith(b"PK")
    with zipfile.ZipFile(io.BytesIO(response.data)) as book:
        assert "样例局" in book.read("xl/sharedStrings.xml").decode()
