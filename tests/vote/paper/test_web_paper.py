"""The paper pages: printing, two hands, what differs, casting; faults at their cells with everything kept."""

from urllib.parse import unquote

import pytest
import sqlalchemy as sa
from flask import Flask

from surveys.acts.actors import Role
from surveys.acts.site import Site
from surveys.storage.tables import Account
from surveys.vote.paper_ballots.paper_returned import FIRST, SECOND
from tests import papers
from tests.builders import World, box_counts, close_and_seal, count_present, record_of
from tests.papers import paper_poll, person, typed
from tests.strict_client import Page, StrictClient
from tests.worlds import client_of


@pytest.fixture
def world(lite_site: Site) -> World:
    return paper_poll(lite_site, 4)


def client(app: Flask, site: Site, name: str, role: Role = Role.ORGANIZER) -> StrictClient:
    person(site, name, role)
    with site.database.reading() as session:
        return client_of(app, session.scalar(sa.select(Account.id).where(Account.name == name)))


@pytest.fixture
def first(lite_app: Flask, lite_site: Site) -> StrictClient:
    return client(lite_app, lite_site, "甲录入")


@pytest.fixture
def second(lite_app: Flask, lite_site: Site) -> StrictClient:
    return client(lite_app, lite_site, "乙录入", Role.ADMIN)


@pytest.fixture
def third(lite_app: Flask, lite_site: Site) -> StrictClient:
    return client(lite_app, lite_site, "丙监票", Role.SCRUTINEER)


def home(world: World) -> str:
    return f"/polls/{world.poll_id}/paper"


def cells(page: Page) -> dict[str, str]:
    return {
        str(each.get("name")): each.get("value", "") for each in page.root.iter("input") if each.get("class") == "cell"
    }


def figures(page: Page) -> dict[str, str]:
    return {
        str(each.findtext("dt")): str(each.findtext("dd"))
        for group in page.root.iter("dl")
        for each in group.iter("div")
    }


def test_printing(lite_site: Site, first: StrictClient, world: World) -> None:
    response = first.submit(home(world), f"{home(world)}/print", count="3", sides="two")
    assert (response.status_code, response.mimetype) == (200, "application/pdf")
    assert response.data.startswith(b"%PDF-")
    assert unquote(response.headers["Content-Disposition"]).endswith("样例局-A类纸质票-3份.pdf")
    assert box_counts(lite_site, world.poll_id) == {"unused": 7}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"count": "0"}, "份数须是 1 至 500"),
        ({"count": "501"}, "份数须是 1 至 500"),
        ({"count": ""}, "请填写数字"),
        ({"class_key": "Z"}, "票种"),
        ({"sides": "three"}, "打印方式"),
    ],
)
def test_printing_with_a_fault_issues_nothing(
    lite_site: Site, first: StrictClient, world: World, fields: dict[str, str], words: str
) -> None:
    response = first.submit(home(world), f"{home(world)}/print", **({"count": "3"} | fields))
    assert response.status_code == 400
    assert words in response.text
    assert box_counts(lite_site, world.poll_id) == {"unused": 4}


def test_a_draft_is_printed_with_a_warning_and_not_keyed(lite_site: Site, first: StrictClient) -> None:
    draft = paper_poll(lite_site, 2, opened=False)
    page = first.page(home(draft))
    assert "改了就要重新打印" in page.text
    assert "录第一遍" not in page.text
    first.page(f"{home(draft)}/A/1/1", 409)


def test_a_sealed_poll_offers_nothing(lite_site: Site, first: StrictClient, world: World) -> None:
    close_and_seal(lite_site, world.poll_id, 4)
    page = first.page(home(world))
    assert [form.get("action") for form in page.root.iter("form")] == ["/logout"]
    assert "已经封存" in page.text


def test_two_people_key_a_third_settles(
    lite_site: Site, first: StrictClient, second: StrictClient, third: StrictClient, world: World
) -> None:
    page = first.page(home(world))
    assert f"{home(world)}/A/1/1" in page.links()
    assert "没有等您录第二遍的" in page.text
    one = typed(lite_site, world.poll_id, "1")
    response = first.submit(f"{home(world)}/A/1/1", **one)
    assert (response.status_code, response.location) == (302, f"{home(world)}/A/1/2")
    assert "第 1 张已保存。" in first.page(f"{home(world)}/A/1/2").text
    assert set(cells(second.page(f"{home(world)}/A/2/1")).values()) == {""}
    assert second.submit(f"{home(world)}/A/2/1", **(one | {"o-2": "3"})).location == home(world)
    page = second.page(home(world))
    assert "与第一遍有 1 处不同" in page.text
    names = ("待计入", "发出", "第一遍", "第二遍", "一致", "已核定", "不一致", "已计入")
    assert figures(page) == dict(zip(names, "04110010", strict=True))
    settling = f"{home(world)}/A/1/settle"
    assert settling not in page.links()
    assert "等第三个人核定" in page.text
    second.page(settling, 403)
    assert settling in third.page(home(world)).links()
    assert "录第一遍" not in third.page(home(world)).text
    assert list(cells(third.page(settling))) == ["o-2"]
    assert third.submit(settling, settling, **{"o-2": "3"}).location == home(world)
    page = second.page(home(world))
    assert (figures(page)["待计入"], figures(page)["已核定"]) == ("1", "1")
    assert "请先勾选" in second.submit(home(world), f"{home(world)}/A/cast").text
    assert second.submit(home(world), f"{home(world)}/A/cast", sure="y").location == home(world)
    page = second.page(home(world))
    assert "A 类 1 张纸质票已计入票箱" in page.text
    assert figures(page)["已计入"] == "1"
    assert record_of(lite_site, world.poll_id).ballots == [("A", "AC" + "A" * 14)]


def test_a_wrong_cell_is_named_and_everything_kept(lite_site: Site, first: StrictClient, world: World) -> None:
    sent = typed(lite_site, world.poll_id, "1２c") | {"o-3": "7", "l1-2": "9", "o-5": ""}
    response = first.submit(f"{home(world)}/A/1/1", **sent)
    assert response.status_code == 400
    page = Page(response)
    assert cells(page) == sent
    wrong = [each.get("name") for each in page.root.iter("input") if each.get("aria-invalid")]
    assert wrong == ["o-3", "o-5", "l1-2"]
    assert "领导班子第 3 项录的是“7”，应录 1 好、2 较好、3 一般、4 差、0 未填。" in page.text
    assert "样例1第 2 项录的是“9”" in page.text
    assert "1 格还空着" in page.text
    assert papers.keyings_left(lite_site) == 0
    focused = [each.get("name") for each in page.root.iter("input") if each.get("autofocus") is not None]
    assert focused == ["o-3"]


def test_settling_with_a_fault_keeps_what_was_typed(
    lite_site: Site, first: StrictClient, second: StrictClient, third: StrictClient, world: World
) -> None:
    one = typed(lite_site, world.poll_id, "1")
    first.submit(f"{home(world)}/A/1/1", **one)
    second.submit(f"{home(world)}/A/2/1", **(one | {"o-2": "3", "l1-1": "2"}))
    settling, back = f"{home(world)}/A/1/settle", f"{home(world)}/A/1/send-back"
    response = third.submit(settling, settling, **{"o-2": "2", "l1-1": "2"})
    assert response.status_code == 400
    assert cells(Page(response)) == {"o-2": "2", "l1-1": "2"}
    assert "领导班子第 2 项录的是“2”，应录 1 好、3 一般。" in response.text
    response = third.submit(settling, back, reason="")
    assert response.status_code == 400
    assert papers.keyings_left(lite_site) == 2
    assert third.submit(settling, back, reason="纸上是较好").location == home(world)
    assert papers.keyings_left(lite_site) == 0


def test_own_values_are_corrected_and_the_others_never_shown(
    lite_site: Site, first: StrictClient, second: StrictClient, world: World
) -> None:
    one, two = (typed(lite_site, world.poll_id, digit) for digit in "12")
    first.submit(f"{home(world)}/A/1/1", **one)
    second.submit(f"{home(world)}/A/2/1", **two)
    assert cells(first.page(f"{home(world)}/A/1/1")) == one
    assert cells(second.page(f"{home(world)}/A/2/1")) == two
    first.page(f"{home(world)}/A/2/1", 403)
    second.page(f"{home(world)}/A/1/1", 403)
    assert f"{home(world)}/A/1/1" in first.page(home(world)).links()
    first.submit(f"{home(world)}/A/1/1", **two)
    assert figures(first.page(home(world)))["一致"] == "1"
    first.page(f"{home(world)}/A/1/1", 409)


def test_a_number_somebody_else_took_meanwhile_loses_no_digits(
    lite_site: Site, first: StrictClient, second: StrictClient, world: World
) -> None:
    mine = typed(lite_site, world.poll_id, "12")
    form = first.page(f"{home(world)}/A/1/1").form(f"{home(world)}/A/1/1")
    second.submit(f"{home(world)}/A/1/1", **typed(lite_site, world.poll_id, "3"))
    response = first.post(f"{home(world)}/A/1/1", data=form | mine)
    assert response.status_code == 400
    page = Page(response)
    assert cells(page) == mine
    assert "已由“乙录入”录过" in page.text
    elsewhere = [each.get("formaction") for each in page.root.iter("button") if each.get("formaction")]
    assert elsewhere == [f"{home(world)}/A/1/2"]
    assert first.post(elsewhere[0], data=form | mine).status_code == 302
    assert papers.keyings_left(lite_site) == 2


def test_removing_needs_a_reason(lite_site: Site, first: StrictClient, world: World) -> None:
    first.submit(f"{home(world)}/A/1/1", **typed(lite_site, world.poll_id, "1"))
    act = f"{home(world)}/A/remove"
    assert "原因" in first.submit(home(world), act, number="1").text
    assert first.submit(home(world), act, number="9", reason="录重了").status_code == 404
    assert papers.keyings_left(lite_site) == 1
    assert first.submit(home(world), act, number="1", reason="录重了").location == home(world)
    assert papers.keyings_left(lite_site) == 0


def test_turning_to_a_number(first: StrictClient, world: World) -> None:
    assert first.get(f"{home(world)}/A/1?number=3").location == f"{home(world)}/A/1/3"
    for wrong in ("", "?number=", "?number=x", "?number=0", "?number=99999", "?number=-1"):
        assert first.get(f"{home(world)}/A/1{wrong}").location == home(world)


@pytest.mark.parametrize("path", ["A/3/1", "A/1/0", "A/1/99999999999999999999", "Z/1/1", "A/7/settle", "Z/1/settle"])
def test_what_is_not_there(first: StrictClient, world: World, path: str) -> None:
    first.page(f"{home(world)}/{path}", 404)


def test_keying_after_the_last_paper_ends(lite_site: Site, first: StrictClient) -> None:
    world = paper_poll(lite_site, 1)
    one = typed(lite_site, world.poll_id, "1")
    assert first.submit(f"{home(world)}/A/1/1", **one).location == home(world)
    assert "发出的纸质票都录过第一遍了" in first.page(home(world)).text
    first.page(f"{home(world)}/A/1/2", 409)


def test_sealing_is_refused_in_words_while_paper_waits(lite_site: Site, first: StrictClient, world: World) -> None:
    first.submit(f"{home(world)}/A/1/1", **typed(lite_site, world.poll_id, "1"))
    count_present(lite_site, world.poll_id, 4)
    first.submit(f"/polls/{world.poll_id}", f"/polls/{world.poll_id}/close", sure="y", paper_left="4")
    response = first.submit(f"/polls/{world.poll_id}", f"/polls/{world.poll_id}/seal", sure="y")
    assert response.status_code == 409
    assert "有 1 张纸质票录入了还没有计入" in response.text


def test_no_page_tells_a_letter_that_was_keyed(
    lite_site: Site, first: StrictClient, second: StrictClient, world: World
) -> None:
    """The same pages, word for word, whatever was keyed; but for settling, which must show the two hands."""
    seen = []
    for digits in ("1", "4"):
        papers_of_two(lite_site, first, second, world, digits)
        seen.append(
            [
                page.text
                for each in (first, second)
                for page in (each.page(home(world)), each.page(f"/polls/{world.poll_id}"))
            ]
        )
        for number in (1, 2):
            first.submit(home(world), f"{home(world)}/A/remove", number=str(number), reason="重录")
            first.page(home(world))  # so that the message is shown and gone
    assert seen[0] == seen[1]


def papers_of_two(site: Site, first: StrictClient, second: StrictClient, world: World, digits: str) -> None:
    for number in (1, 2):
        for who, hand in ((first, FIRST), (second, SECOND)):
            if (number, hand) != (2, SECOND):
                who.submit(f"{home(world)}/A/{hand}/{number}", **typed(site, world.poll_id, digits))
