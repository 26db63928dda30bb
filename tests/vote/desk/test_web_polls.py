"""The organizer's pages: a poll from draft to sealed, the codes handed out once, the tally and its charts."""

import csv
import io
import zipfile
from decimal import Decimal
from urllib.parse import unquote

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from surveys.acts.actors import Role
from surveys.acts.site import Site
from surveys.polling.ballot_classes import ClassEntry
from surveys.polling.states import PollState
from surveys.vote import poll_record, polls
from tests.builders import (
    build_poll,
    build_unit,
    cast,
    cast_each,
    close,
    close_and_seal,
    count_present,
    filled,
    run_sql,
    sheet_of,
)
from tests.strict_client import Page, StrictClient, words
from tests.worlds import UNIT_NAMES, Shown, build_accounts, client_of

PNG, SVG, PDF, ZIP = b"\x89PNG\r\n\x1a\n", b"<svg", b"%PDF-", b"PK\x03\x04"


@pytest.fixture
def organizer(lite_app: Flask, lite_site: Site) -> StrictClient:
    ids, _ = build_accounts(lite_site)
    return client_of(lite_app, ids[Role.ORGANIZER])


def download_name(response: TestResponse) -> str:
    disposition = response.headers["Content-Disposition"]
    assert "filename*=UTF-8''" in disposition
    return unquote(disposition.split("filename*=UTF-8''")[1])


@pytest.mark.parametrize("role", [Role.ADMIN, Role.ORGANIZER])
def test_the_list_shows_every_poll(shown: Shown, role: Role) -> None:
    page = shown.client(role).page("/polls")
    for state, name in UNIT_NAMES.items():
        assert name in page.text
        assert state.label in page.text
        assert f"/polls/{shown.world.polls[state].poll_id}" in page.links()


def test_two_teams_of_a_unit_are_told_apart(lite_site: Site, organizer: StrictClient) -> None:
    _, unit_id = build_unit(lite_site)
    for team in ("党委班子", "行政班子"):
        world = build_poll(lite_site, unit_id=unit_id, team=team, count=0)
        assert f"（{team}）" in organizer.page("/polls").text
        assert f"（{team}）" in organizer.page(f"/polls/{world.poll_id}").text


@pytest.mark.parametrize(
    ("state", "actions"),
    [
        (PollState.DRAFT, {"open", "rehearse", "issue", "over", "present", "void", "batches/0/reissue", "withdraw"}),
        (
            PollState.OPEN,
            {"close", "pause", "end-in", "issue", "over", "present", "void", "batches/0/reissue", "withdraw"},
        ),
        (PollState.PAUSED, {"close", "resume", "issue", "over", "present", "void", "batches/0/reissue", "withdraw"}),
        (PollState.CLOSED, {"seal", "void", "withdraw"}),
        (PollState.SEALED, set()),
    ],
)
def test_a_polls_pages_offer_what_its_state_allows(shown: Shown, state: PollState, actions: set[str]) -> None:
    address = f"/polls/{shown.world.polls[state].poll_id}"
    page = shown.client(Role.ORGANIZER).page(address)
    tickets_page = shown.client(Role.ORGANIZER).page(f"{address}/tickets")
    assert page.heading.startswith(UNIT_NAMES[state])
    forms = [*page.root.iter("form"), *tickets_page.root.iter("form")]
    offered = {(form.get("action") or "").removeprefix(address + "/") for form in forms}
    assert offered - {"/logout"} == actions
    assert (f"{address}/tally" in page.links()) is (state is PollState.SEALED)


def test_the_tally_page_shows_counts_and_scores(shown: Shown) -> None:
    page = shown.client(Role.ORGANIZER).page(f"/polls/{shown.world.sealed.poll_id}/tally")
    text = page.text
    assert page.heading.startswith("样例档案局")
    for word in ("好", "较好", "一般", "差", "未填", "得分", "样例1", "样例2", "封存码", "sha256:"):
        assert word in text
    assert [src.rsplit("/", 1)[1] for src in page.images()] == ["0.svg", "1.svg", "2.svg"]
    # First item: seven ballots, A A A B A A B.
    first = next(row for row in page.root.iter("tr") if "".join(row.itertext()).strip().startswith("1."))
    assert [words(cell) for cell in list(first)[1:]] == ["5 71.43%", "2 28.57%", "0 0.00%", "0 0.00%", "0", "94.29"]
    for rate in ("到会率 —（实到÷应到）", "收回率 70.00%（收回÷发出）", "有效率 100.00%（有效÷收回）"):
        assert rate in text


@pytest.mark.parametrize(("extension", "kind", "magic"), [("png", "image/png", PNG), ("svg", "image/svg+xml", SVG)])
@pytest.mark.parametrize(("number", "name"), [(0, "样例档案局 领导班子"), (1, "样例1 职务1")])
def test_charts_of_a_poll(shown: Shown, number: int, name: str, extension: str, kind: str, magic: bytes) -> None:
    client = shown.client(Role.ORGANIZER)
    address = f"/polls/{shown.world.sealed.poll_id}/charts/{number}.{extension}"
    response = client.get(address)
    assert (response.status_code, response.mimetype) == (200, kind)
    assert magic in response.data[:500]
    assert response.headers["Content-Disposition"].startswith("inline")
    download = client.get(address + "?download=1")
    assert download.headers["Content-Disposition"].startswith("attachment")
    assert download_name(download) == f"{name}.{extension}"


@pytest.mark.parametrize("path", ["charts/3.svg", "charts/0.gif", "charts/99999999999.svg"])
def test_a_chart_that_is_not_there(shown: Shown, path: str) -> None:
    shown.client(Role.ADMIN).page(f"/polls/{shown.world.sealed.poll_id}/{path}", 404)


@pytest.mark.parametrize("number", ["999", "99999999999999999999"])
@pytest.mark.parametrize("rule", ["/polls/{}", "/polls/{}/tally", "/units/{}", "/units/{}/rows/III-4"])
def test_what_does_not_exist_is_not_found(app: Flask, site: Site, rule: str, number: str) -> None:
    """Also a number larger than any database's."""
    ids, _ = build_accounts(site)
    client_of(app, ids[Role.ADMIN]).page(rule.format(number), 404)


@pytest.mark.parametrize("role", [Role.ADMIN, Role.ORGANIZER, Role.SCRUTINEER])
def test_the_card_for_the_hall(shown: Shown, role: Role) -> None:
    client = shown.client(role)
    home = f"/polls/{shown.world.open.poll_id}"
    assert f"{home}/card.pdf" in client.page(home).links()
    response = client.get(f"{home}/card.pdf")
    assert response.mimetype == "application/pdf"
    assert download_name(response) == "会场操作卡-样例审计局.pdf"
    assert response.data.startswith(PDF)


def test_a_rehearsal_is_marked_on_the_desk_and_in_its_files(lite_site: Site, organizer: StrictClient) -> None:
    world = build_poll(lite_site, opened=False, rehearsal=True)
    home = f"/polls/{world.poll_id}"
    for address in (home, f"{home}/setup", f"{home}/tickets", f"{home}/doors", f"{home}/paper", f"{home}/log"):
        assert "演练，结果不计入考核" in organizer.page(address).text, address
    assert download_name(organizer.get(f"{home}/card.pdf")) == "演练-会场操作卡-样例局.pdf"


def test_sealed_for_two_there_is_no_result_to_announce(lite_site: Site, organizer: StrictClient) -> None:
    world = build_poll(lite_site, two_person=True, present=10)
    close(lite_site, world.poll_id)
    address = f"/polls/{world.poll_id}"
    organizer.submit(address, f"{address}/seal", sure="y")
    assert "已封存。组织员和监票人都启封以后，才有结果。" in organizer.page(address).text


LEADERS_AND_STAFF = (ClassEntry("A", "甲", Decimal(1)), ClassEntry("B", "乙", Decimal(3)))
SHORT = "实到 6 人，不足应到 10 人的 2/3，此次测评不计分。"
BADGE = "人数不足，不计分"


def test_a_poll_short_of_people_says_so_first_wherever_it_is_shown(lite_site: Site, organizer: StrictClient) -> None:
    world = build_poll(lite_site, leaders=1, present=6)
    cast_each(lite_site, world, {"A": ["A"] * 6})
    close(lite_site, world.poll_id)
    address = f"/polls/{world.poll_id}"
    assert BADGE not in organizer.page(address).text + organizer.page("/polls").text
    organizer.submit(address, f"{address}/seal", sure="y")
    desk = organizer.page(address).text
    assert f"已封存。{SHORT}" in desk
    assert "结果已生成" not in desk
    for page in (
        desk,
        organizer.page(address).text,
        organizer.page("/polls").text,
        organizer.page(f"{address}/tally").text,
    ):
        assert BADGE in page
    assert SHORT in organizer.page(address).text
    tally = organizer.page(f"{address}/tally")
    (chief,) = [each for each in tally.root.iter("div") if each.get("class") == "chief"]
    assert words(chief) == "这次测评不计分"
    assert [words(each) for each in tally.root.iter("del")] == ["100.00", "100.00"]
    chart = organizer.get(f"{address}/charts/1.svg").get_data(as_text=True)
    assert "不计分（按收回的票算 100.00）" in chart


def test_short_of_people_and_sealed_for_two(lite_site: Site, organizer: StrictClient) -> None:
    world = build_poll(lite_site, two_person=True, present=6)
    close(lite_site, world.poll_id)
    address = f"/polls/{world.poll_id}"
    organizer.submit(address, f"{address}/seal", sure="y")
    assert f"已封存。{SHORT}组织员和监票人都启封以后，才能看票数。" in organizer.page(address).text


def test_once_voting_is_over_the_desk_alone_has_the_exact_total(lite_site: Site, organizer: StrictClient) -> None:
    world = build_poll(lite_site, classes=LEADERS_AND_STAFF, leaders=0)
    cast_each(lite_site, world, {"A": ["A"] * 8, "B": ["B"] * 6})
    address = f"/polls/{world.poll_id}"
    assert "收回（5 张一档）10" in organizer.page(address).text
    close(lite_site, world.poll_id)
    page = organizer.page(address).text
    assert "收回14" in page
    assert "A甲11050" in page
    assert "各票种的收回数封存以前仍按 5 张一档显示" in page
    assert words([*organizer.page("/polls").root.iter("td")][-1]) == "10"


def test_the_desk_says_which_class_has_no_valid_ballot(lite_site: Site, organizer: StrictClient) -> None:
    world = build_poll(lite_site, classes=LEADERS_AND_STAFF, leaders=0, present=10)
    cast_each(lite_site, world, {"A": ["AB"] * 6, "B": []})
    close_and_seal(lite_site, world.poll_id)
    said = "B 票（乙）没有有效票，它的权重 75% 由其他票种分摊。"
    address = f"/polls/{world.poll_id}"
    assert said in organizer.page(address).text
    assert said in organizer.page(f"{address}/tally").text
    run_sql(lite_site, "UPDATE ballots SET answers = 'DDDDDDDDD' WHERE poll_id = :id", id=world.poll_id)
    assert "封存" in organizer.page(address).text
    assert said not in organizer.page(address).text


def test_the_bundle(shown: Shown) -> None:
    response = shown.client(Role.ADMIN).get(f"/polls/{shown.world.sealed.poll_id}/bundle.zip")
    assert response.mimetype == "application/zip"
    assert download_name(response).startswith("选票包-")
    with zipfile.ZipFile(io.BytesIO(response.data)) as bundle:
        assert len(bundle.read("ballots.csv").splitlines()) == 8


@pytest.mark.parametrize(
    ("form", "kind", "magic"),
    [
        ("pdf", "application/pdf", PDF),
        ("csv", "text/csv", b"\xef\xbb\xbf"),
        ("zip", "application/zip", ZIP),
        ("png", "application/zip", ZIP),
    ],
)
def test_issuing_hands_the_codes_out(
    lite_site: Site, organizer: StrictClient, form: str, kind: str, magic: bytes
) -> None:
    world = build_poll(lite_site, count=0, opened=False)
    address = f"/polls/{world.poll_id}"
    response = organizer.submit(f"{address}/tickets", f"{address}/issue", class_key="A", count="7", format=form)
    assert (response.status_code, response.mimetype) == (200, kind)
    assert response.data.startswith(magic)
    expected = {"png": "样例局-A类二维码-第1批-7张.zip"}.get(form, f"样例局-A类票-第1批-7张.{form}")
    assert download_name(response) == expected
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert issued(lite_site, world.poll_id) == 7


def issued(site: Site, poll_id: int) -> int:
    with site.database.reading() as session:
        return sum(entry.issued for entry in poll_record.class_counts(session, polls.poll_of(session, poll_id)))


def test_codes_of_the_csv_and_the_zip_open_ballots(lite_app: Flask, lite_site: Site, organizer: StrictClient) -> None:
    world = build_poll(lite_site, count=0)
    address = f"/polls/{world.poll_id}"
    plain = organizer.submit(f"{address}/tickets", f"{address}/issue", count="3", format="csv").data
    zipped = organizer.submit(f"{address}/tickets", f"{address}/issue", count="2", format="zip").data
    with zipfile.ZipFile(io.BytesIO(zipped)) as bundle:
        names = sorted(name.rsplit(".", 1)[1] for name in bundle.namelist())
        inside = bundle.read(next(name for name in bundle.namelist() if name.endswith(".csv")))
    assert names == ["csv", "pdf"]
    rows = [*csv.DictReader(io.StringIO(plain.decode("utf-8-sig")))]
    rows += csv.DictReader(io.StringIO(inside.decode("utf-8-sig")))
    assert len({row["code"] for row in rows}) == 5
    voter = client_of(lite_app)
    for row in rows:
        assert row["class"] == "A"
        assert row["url"] == f"http://127.0.0.1:8000/b/{row['code']}"
        assert voter.page(f"/b/{row['code']}").heading


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"count": "0"}, "张数须是 1 至 5000"),
        ({"count": "5001"}, "张数须是 1 至 5000"),
        ({"count": "x"}, "整数"),
        ({"count": ""}, "请填写数字"),
        ({"class_key": "Z"}, "票种"),
        ({"format": "doc"}, "下载为"),
    ],
)
def test_issuing_with_a_fault_issues_nothing(
    lite_site: Site, organizer: StrictClient, fields: dict[str, str], words: str
) -> None:
    world = build_poll(lite_site, count=0, opened=False)
    address = f"/polls/{world.poll_id}"
    response = organizer.submit(f"{address}/tickets", f"{address}/issue", **({"count": "5"} | fields))
    assert response.status_code == 400
    page = Page(response)
    assert words in page.text
    assert_in_chinese(page)
    assert issued(lite_site, world.poll_id) == 0


def assert_in_chinese(page: Page) -> None:
    """No message of a library's own in English."""
    for word in ("field", "valid", "must", "required", "choice", "Not a", "between"):
        assert word not in page.text


def test_words_too_long_for_a_slip_issue_nothing(lite_site: Site, organizer: StrictClient) -> None:
    _, unit_id = build_unit(lite_site, "名称很长的单位" * 20)
    world = build_poll(lite_site, count=0, opened=False, unit_id=unit_id)
    address = f"/polls/{world.poll_id}"
    response = organizer.submit(f"{address}/tickets", f"{address}/issue", count="5")
    assert response.status_code == 400
    assert "印不下" in response.text
    assert issued(lite_site, world.poll_id) == 0


def test_a_poll_from_making_to_its_tally(lite_app: Flask, lite_site: Site, organizer: StrictClient) -> None:
    _, unit_id = build_unit(lite_site)
    made = organizer.submit(f"/units/{unit_id}/polls/new", entitled="6", **TWO_CLASSES)
    assert made.status_code == 302
    address = str(made.location).removesuffix("/setup")
    poll_id = int(address.rsplit("/", 1)[1])
    assert "已保存" in organizer.page(f"{address}/setup").text
    codes = issued_codes(organizer, address, "B", 6)
    assert organizer.submit(address, f"{address}/open").status_code == 302
    assert "投票已开始" in organizer.page(address).text
    assert (
        organizer.submit(f"{address}/tickets", f"{address}/void", code=codes[5].lower(), reason="发错人").status_code
        == 302
    )
    sheet = sheet_of(lite_site, poll_id)
    for code in codes[:5]:
        cast(lite_site, code.replace("-", ""), filled(sheet, "AB"))
    assert organizer.submit(address, f"{address}/present", present="5").status_code == 302
    assert "实到人数还没有两人登记一致" in organizer.submit(address, f"{address}/close", sure="y").text
    count_present(lite_site, poll_id, 5)
    assert "请先勾选" in organizer.submit(address, f"{address}/close").text
    assert organizer.submit(address, f"{address}/close", sure="y").status_code == 302
    assert "请先勾选" in organizer.submit(address, f"{address}/seal").text
    assert organizer.submit(address, f"{address}/seal", sure="y").status_code == 302
    assert "已封存，结果已生成" in organizer.page(address).text
    assert "91.11" in organizer.page(f"{address}/tally").text


TWO_CLASSES = {
    "preset": "custom",
    **{"classes-0-key": "A", "classes-0-name": "领导班子成员", "classes-0-weight": "40"},
    **{"classes-1-key": "B", "classes-1-name": "职工", "classes-1-weight": "60"},
}


def issued_codes(client: StrictClient, address: str, class_key: str, count: int) -> list[str]:
    response = client.submit(
        f"{address}/tickets", f"{address}/issue", class_key=class_key, count=str(count), format="csv"
    )
    return [row["code"] for row in csv.DictReader(io.StringIO(response.data.decode("utf-8-sig")))]


@pytest.mark.parametrize("act", ["open", "close", "issue", "over", "present", "void"])
def test_what_a_state_forbids_is_refused_in_words(shown: Shown, act: str) -> None:
    """Each act posted to the sealed poll, as by somebody whose page is old."""
    client = shown.client(Role.ORGANIZER)
    token = client.page(f"/polls/{shown.world.open.poll_id}").form("/logout")
    fields = {
        "sure": "y",
        "class_key": "A",
        "count": "1",
        "format": "csv",
        "present": "5",
        "number": "500",
        "reason": "丢失",
    }
    code = {"code": shown.world.unused[PollState.SEALED]}
    address = f"/polls/{shown.world.sealed.poll_id}/{act}"
    response = client.post(address, data=token | fields | code)
    assert response.status_code == 409
    assert "已封存" in response.text or "已经封存" in response.text
