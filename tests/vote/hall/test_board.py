"""The public board: nothing before sealing, then all receipts, the totals and the seal; looking one up by typing."""

import re
from decimal import Decimal

import pytest
from flask import Flask

from surveys.acts.actors import COMMAND_LINE
from surveys.acts.errors import NotFound
from surveys.acts.site import Site
from surveys.polling.base32 import grouped
from surveys.vote import polls, public_board
from surveys.vote.polls import ClassEntry
from surveys.vote.ticketing import tickets
from tests.builders import World, build_poll, cast, cast_each, close, close_and_seal, filled, seal, sheet_of
from tests.sites import NOW
from tests.strict_client import Page, StrictClient, words
from tests.worlds import client_of, dump

CLASSES = (ClassEntry("A", "领导班子成员", Decimal(40)), ClassEntry("B", "职工代表", Decimal(60)))
BALLOTS = {"A": ["ABCDABCDA"] * 3, "B": ["DDDDCCCCB"] * 4}
LISTED = re.compile(r"[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){2}")
UNSEALED = "还没有封存。封存之后，这里公布全部回执和票数"


def prefix_of(site: Site, world: World) -> str:
    with site.database.reading() as session:
        return polls.poll_of(session, world.poll_id).prefix


def voted(site: Site, **options: bool) -> tuple[World, list[str]]:
    """Seven ballots in two classes and a void ticket; the receipts in the order of casting."""
    world = build_poll(site, count=6, classes=CLASSES, leaders=0, **options)
    with site.database.writing() as session:
        tickets.void(session, NOW, COMMAND_LINE, world.poll_id, world.codes["A"][5], "丢失")
    return world, cast_each(site, world, BALLOTS)


def listed(page: Page) -> list[str]:
    (found,) = [each for each in page.root.iter("ul") if "receipts" in each.get("class", "")]
    return [words(entry) for entry in found]


def look_up(client: StrictClient, address: str, typed: str) -> Page:
    response = client.post(address, data={"receipt": typed})
    assert response.status_code == 200
    assert "Set-Cookie" not in response.headers
    return Page(response)


def said(page: Page) -> tuple[str, str]:
    """(role, words) of the answer to a look-up."""
    ((role, text),) = [(each.get("role"), words(each)) for each in page.root.iter("p") if each.get("role")]
    return role, text


@pytest.mark.parametrize("closed", [False, True])
def test_before_sealing_it_says_so_and_nothing_else(app: Flask, site: Site, closed: bool) -> None:
    world, receipts = voted(site)
    if closed:
        close(site, world.poll_id)
    client = client_of(app)
    address = f"/board/{prefix_of(site, world)}"
    page = client.page(address)
    typed = look_up(client, address, receipts[0])
    for each in (page, typed):
        assert UNSEALED in each.text
        assert not [found for found in receipts if grouped(found) in each.html or found in each.html]
        assert "封存码" not in each.text
        assert not list(each.root.iter("table"))
        assert not re.search(r"\d", each.text.replace(prefix_of(site, world), "")), "an exact count"
        assert "公示板上没有" not in each.text


def test_a_vote_does_not_change_it_before_sealing(lite_app: Flask, lite_site: Site) -> None:
    world, _ = voted(lite_site)
    client = client_of(lite_app)
    address = f"/board/{prefix_of(lite_site, world)}"
    before = client.page(address).html
    cast(lite_site, world.codes["B"][5], filled(sheet_of(lite_site, world.poll_id)))
    assert client.page(address).html == before


@pytest.mark.parametrize(
    "prefix", ["ZZZZ", "0", "x" * 500, "样例", "%00", "%20", "%FF", "K7QF-", "'--", "%F0%9F%98%80"]
)
def test_an_unknown_one_is_not_there(app: Flask, prefix: str) -> None:
    client = client_of(app)
    for response in (client.get(f"/board/{prefix}"), client.post(f"/board/{prefix}", data={"receipt": "x"})):
        assert response.status_code == 404


def test_a_draft_has_none(app: Flask, site: Site) -> None:
    world = build_poll(site, opened=False)
    assert "没有这个公示板" in client_of(app).page(f"/board/{prefix_of(site, world)}", 404).text
    with site.database.reading() as session, pytest.raises(NotFound):
        public_board.board(session, prefix_of(site, world))


def test_after_sealing_all_receipts_are_there_sorted_and_grouped(app: Flask, site: Site) -> None:
    world, receipts = voted(site)
    other = build_poll(site, unit_id=world.unit_id, leaders=0)
    elsewhere = cast(site, other.codes["A"][0], filled(sheet_of(site, other.poll_id)))
    close_and_seal(site, world.poll_id)
    close_and_seal(site, other.poll_id)
    page = client_of(app).page(f"/board/{prefix_of(site, world)}")
    assert listed(page) == sorted(grouped(each) for each in receipts)
    assert listed(page) != [grouped(each) for each in receipts]
    assert all(LISTED.fullmatch(each) for each in listed(page))
    assert "全部回执（7）" in page.text
    assert grouped(elsewhere) not in page.text


def test_the_totals_add_up(lite_app: Flask, lite_site: Site) -> None:
    world, _ = voted(lite_site)
    close_and_seal(lite_site, world.poll_id)
    page = client_of(lite_app).page(f"/board/{prefix_of(lite_site, world)}")
    (table,) = page.root.iter("table")
    rows = [[words(cell) for cell in row] for row in table.iter("tr")]
    assert rows == [
        ["票种", "发出", "投出", "作废", "未用"],
        ["领导班子成员", "6", "3", "1", "2"],
        ["职工代表", "6", "4", "0", "2"],
        ["合计", "12", "7", "1", "4"],
    ]
    for row in rows[1:]:
        issued, *parts = map(int, row[1:])
        assert issued == sum(parts)
    assert int(rows[-1][2]) == len(listed(page))


def test_the_seal_and_nothing_of_any_answer(lite_app: Flask, lite_site: Site) -> None:
    """No ballot, no code, and no receipt beside a ballot class: the list is one for all."""
    world, receipts = voted(lite_site)
    found = close_and_seal(lite_site, world.poll_id)
    page = client_of(lite_app).page(f"/board/{prefix_of(lite_site, world)}")
    assert found in page.text
    for sheet in (sheet for sheets in BALLOTS.values() for sheet in sheets):
        assert sheet not in page.html
    for codes in world.codes.values():
        assert not [code for code in codes if code in page.html or grouped(code) in page.html]
    for word in ("较好", "一般", "得分", "sheet", "/tally", "/polls/"):
        assert word not in page.html.replace("stylesheet", "")
    (receipt_list,) = [each for each in page.root.iter("ul") if "receipts" in each.get("class", "")]
    assert all(not entry.attrib and not list(entry) for entry in receipt_list)
    assert [page.text.count(entry.name) for entry in CLASSES] == [1, 1]
    # Of the first three receipts, all of class A, and the other four no order is left.
    order = [receipts.index(each.replace("-", "")) for each in listed(page)]
    assert order == sorted(range(7), key=lambda number: receipts[number])


def test_the_board_does_not_depend_on_the_answers(lite_app: Flask, lite_site: Site) -> None:
    world, _ = voted(lite_site)
    found = close_and_seal(lite_site, world.poll_id)
    address = f"/board/{prefix_of(lite_site, world)}"
    before = client_of(lite_app).page(address).html
    with lite_site.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE ballots SET answers = 'DDDDDDDDD', class_key = 'A'")
    assert client_of(lite_app).page(address).html == before
    assert found in before


def test_a_receipt_is_found_however_it_is_typed(lite_app: Flask, lite_site: Site) -> None:
    world, receipts = voted(lite_site)
    close_and_seal(lite_site, world.poll_id)
    client = client_of(lite_app)
    address = f"/board/{prefix_of(lite_site, world)}"
    for receipt in receipts:
        look_alikes = receipt.replace("0", "O").replace("1", "l")
        wide = "".join(chr(ord(letter) + 0xFEE0) for letter in receipt)
        for typed in (
            receipt,
            grouped(receipt),
            receipt.lower(),
            grouped(receipt).lower(),
            look_alikes,
            receipt.replace("0", "o").replace("1", "I"),
            f"  {grouped(receipt)} ",
            grouped(receipt).replace("-", " "),
            wide,
        ):
            role, text = said(look_up(client, address, typed))
            assert (role, "在公示板上，您的票已计入" in text) == ("status", True), typed


@pytest.mark.parametrize("typed", ["0000-0000-0000", "zzzzzzzzzzzz", "OOOOIIIILLLL"])
def test_one_that_is_not_there(lite_app: Flask, lite_site: Site, typed: str) -> None:
    world, _ = voted(lite_site)
    close_and_seal(lite_site, world.poll_id)
    page = look_up(client_of(lite_app), f"/board/{prefix_of(lite_site, world)}", typed)
    role, text = said(page)
    assert (role, text.startswith(f"公示板上没有回执 {typed}。")) == ("alert", True)
    assert len(listed(page)) == 7


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "-",
        "0000-0000-000",
        "0000-0000-00000",
        "0" * 5000,
        "U000-0000-0000",
        "票" * 12,
        "<b>",
        "é" * 12,
        "😀" * 12,
    ],
)
def test_what_cannot_be_a_receipt(lite_app: Flask, lite_site: Site, typed: str) -> None:
    world, _ = voted(lite_site)
    close_and_seal(lite_site, world.poll_id)
    page = look_up(client_of(lite_app), f"/board/{prefix_of(lite_site, world)}", typed)
    assert said(page) == ("alert", "回执是 12 个字母和数字，请照回执页再输一遍。")
    assert "<b>" not in page.html


def test_a_look_up_without_the_field(lite_app: Flask, lite_site: Site) -> None:
    world, _ = voted(lite_site)
    close_and_seal(lite_site, world.poll_id)
    response = client_of(lite_app).post(f"/board/{prefix_of(lite_site, world)}")
    assert response.status_code == 200
    assert said(Page(response))[0] == "alert"


def test_no_cookie_and_nothing_is_changed_by_looking(app: Flask, site: Site) -> None:
    world, receipts = voted(site)
    address = f"/board/{prefix_of(site, world)}"
    client = client_of(app)

    def looked() -> None:
        before = dump(site.database)
        for path in (address, address.lower(), "/secrecy"):
            for method in ("GET", "HEAD"):
                response = client.open(path, method=method)
                assert response.status_code == 200
                assert "Set-Cookie" not in response.headers
        look_up(client, address, receipts[0])
        look_up(client, address, "0000-0000-0000")
        assert dump(site.database) == before

    looked()
    close(site, world.poll_id)
    looked()
    seal(site, world.poll_id)
    looked()


def test_the_address_is_forgiving_of_case(lite_app: Flask, lite_site: Site) -> None:
    world, _ = voted(lite_site)
    close_and_seal(lite_site, world.poll_id)
    prefix = prefix_of(lite_site, world)
    client = client_of(lite_app)
    assert client.page(f"/board/{prefix.lower()}").html == client.page(f"/board/{prefix}").html


def test_a_rehearsal_is_named(lite_app: Flask, lite_site: Site) -> None:
    world, _ = voted(lite_site, rehearsal=True)
    close_and_seal(lite_site, world.poll_id)
    assert "演练，结果不计入考核" in client_of(lite_app).page(f"/board/{prefix_of(lite_site, world)}").text


def test_a_poll_nobody_voted_in(lite_app: Flask, lite_site: Site) -> None:
    world = build_poll(lite_site, count=2)
    close_and_seal(lite_site, world.poll_id)
    page = client_of(lite_app).page(f"/board/{prefix_of(lite_site, world)}")
    assert "全部回执（0）" in page.text
    assert listed(page) == []


def test_from_the_ballot_to_the_board(app: Flask, site: Site) -> None:
    """The ballot links to how it is kept secret, the receipt to the board, where it is found in the end."""
    world = build_poll(site, count=2, leaders=0)
    client = client_of(app)
    ballot = f"/b/{grouped(world.codes['A'][0])}"
    assert "/secrecy" in client.page(ballot).links()
    answers = {name: values[0] for name, values in filled(sheet_of(site, world.poll_id)).items()}
    receipt_page = Page(client.post(ballot, data=answers))
    board = f"/board/{prefix_of(site, world)}"
    assert board in receipt_page.links()
    (receipt,) = [words(each) for each in receipt_page.root.iter("p") if "receipt" in each.get("class", "").split()]
    assert LISTED.fullmatch(receipt)
    close_and_seal(site, world.poll_id)
    assert "/secrecy" in client.page(board).links()
    assert said(look_up(client, board, receipt))[0] == "status"


def test_how_a_ballot_is_kept_secret(lite_app: Flask) -> None:
    page = client_of(lite_app).page("/secrecy")
    assert page.heading == "您的票如何保密"
    for word in ("三个箱子", "封存", "回执", "管理服务器的人", "自己核对"):
        assert word in page.text
    assert client_of(lite_app).post("/secrecy").status_code == 405
