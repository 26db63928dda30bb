"""Of two who edit one thing from pages opened before, the later is told both values, and nothing is undone unseen."""

from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from flask import Flask

from surveys.acts.actors import Role
from surveys.acts.site import Site
from surveys.storage.tables import Account
from surveys.vote import polls
from tests.builders import build_poll, build_unit, dump
from tests.strict_client import Page, StrictClient
from tests.worlds import build_accounts, client_of


@dataclass(frozen=True)
class Edit:
    """A form on `page` that posts to `action`; `{poll}` and its like stand for ids. What two people type, and how each
    value is told."""

    page: str
    action: str
    first: dict[str, object]
    second: dict[str, object]
    told: tuple[str, str]


EDITS = {
    "poll": Edit(
        "/polls/{draft}/edit",
        "/polls/{draft}/edit",
        {"do": "save", "entitled": "60"},
        {"do": "save", "place": "三楼会议室"},
        ("应到：现在是“60”，您填的是“10”", "地点：现在是“无”，您填的是“三楼会议室”"),
    ),
    "present": Edit("/polls/{open}", "/polls/{open}/present", {"present": 58}, {"present": 60}, ("“58”", "“60”")),
    "end-in": Edit(
        "/polls/{open}", "/polls/{open}/end-in", {"minutes": 30}, {"minutes": 5}, ("还有 30 分钟", "“5 分钟”")
    ),
    "planned": Edit(
        "/polls/{open}/doors",
        "/polls/{open}/doors/planned",
        {"planned": 40},
        {"planned": 50},
        ("现在是“40”", "您填的是“50”"),
    ),
    "due": Edit(
        "/assessments/{year}/materials",
        "/assessments/{year}/materials/due",
        {"due_on": "2026-05-01"},
        {"due_on": "2026-06-01"},
        ("2026-05-01", "2026-06-01"),
    ),
    "name": Edit(
        "/units/{unit}/correct",
        "/units/{unit}/rename",
        {"name": "样例一局", "reason": "写错了"},
        {"name": "样例二局", "reason": "写错了"},
        ("样例一局", "样例二局"),
    ),
    "account": Edit(
        "/accounts/{account}",
        "/accounts/{account}/move",
        {"place": "市纪委", "reason": "换了部门"},
        {"place": "市委组织部", "reason": "换了部门"},
        ("市纪委", "市委组织部"),
    ),
    "rules": Edit(
        "/assessments/{fresh}/rules",
        "/assessments/{fresh}/rules",
        {"bonus_cap": "7"},
        {"bonus_cap": "9"},
        ("加分上限 7", "加分上限 9"),
    ),
    "tags": Edit(
        "/units/{unit}/applicability", "/units/{unit}/tags", {"tags": "教育"}, {"tags": "金融"}, ("教育", "金融")
    ),
    "method": Edit(
        "/units/{unit}/applicability",
        "/units/{unit}/choices",
        {"method": "hearing"},
        {"method": "material_review"},
        ("听取汇报", "材料审核"),
    ),
}


@dataclass(frozen=True)
class Office:
    first: StrictClient
    second: StrictClient
    site: Site
    ids: dict[str, int]


@pytest.fixture
def office(request: pytest.FixtureRequest, lite_app: Flask, lite_site: Site) -> Office:
    year, unit = build_unit(lite_site, tags=("公安",), marking=False)
    fresh, _ = build_unit(lite_site, marking=False)
    poll = build_poll(lite_site, unit_id=unit, opened=False)
    _, other = build_unit(lite_site, "样例乙局", assessment_id=year, marking=False)
    opened = build_poll(lite_site, unit_id=other)
    by_role, _ = build_accounts(lite_site)
    with lite_site.database.reading() as session:
        account = session.scalar(sa.select(Account.id).where(Account.role == Role.ASSESSOR))
    ids = {
        "year": year,
        "unit": unit,
        "fresh": fresh,
        "draft": poll.poll_id,
        "open": opened.poll_id,
        "account": account,
    }
    of_accounts = "[account]" in request.node.name
    role = Role.SYSTEM if of_accounts else Role.ADMIN
    return Office(*(client_of(lite_app, by_role[role]) for _ in range(2)), lite_site, ids)


@pytest.mark.parametrize("what", EDITS)
def test_the_later_is_told(office: Office, what: str) -> None:
    edit = EDITS[what]
    page, action = edit.page.format(**office.ids), edit.action.format(**office.ids)
    form = office.second.page(page).form(action)
    assert office.first.submit(page, action, forged=True, **edit.first).status_code == 302
    before = dump(office.site.database)
    told = office.second.post(action, data=form | edit.second)
    assert told.status_code == 409
    for words in ("有人改过", "还没有保存", *edit.told):
        assert words in Page(told).text, words
    assert dump(office.site.database) == before
    # Who was told saves what was typed from the page as it is now: the answer itself, or the form opened again.
    now = Page(told) if f'action="{action}"' in told.text or page == action else office.second.page(page)
    saved = office.second.post(action, data=now.form(action) | edit.second)
    assert saved.status_code == 302, Page(saved).text


@pytest.mark.parametrize("what", EDITS)
def test_the_same_sent_twice_and_an_unchanged_page_are_taken(office: Office, what: str) -> None:
    edit = EDITS[what]
    page, action = edit.page.format(**office.ids), edit.action.format(**office.ids)
    assert office.first.submit(page, action, forged=True, **edit.first).status_code == 302
    assert office.second.submit(page, action, forged=True, **edit.second).status_code == 302
    form = office.second.page(page).form(action) | edit.first
    assert office.second.post(action, data=form).status_code == 302
    if what not in ("name", "account"):  # these say that it is so already
        assert office.second.post(action, data=form).status_code == 302


def test_what_was_typed_is_kept_with_what_it_was_filled_with(office: Office) -> None:
    """Neither lines added nor a refused value make a page newer than it is."""
    address = f"/polls/{office.ids['draft']}/edit"
    page = office.second.page(address)
    office.first.submit(address, entitled="60", do="save")
    page = Page(office.second.post(address, data=page.form(address) | {"do": "class-lines", "place": "三楼"}))
    page = Page(office.second.post(address, data=page.form(address) | {"do": "save", "title": ""}))
    assert "测评会名称须为" in page.text
    told = office.second.post(address, data=page.form(address) | {"do": "save", "title": "年度民主测评"})
    assert told.status_code == 409
    page = Page(told)
    assert page.form(address)["place"] == "三楼"
    assert page.form(address)["entitled"] == "10"
    assert "应到：现在是“60”，您填的是“10”" in page.text
    assert office.second.post(address, data=page.form(address) | {"do": "save", "entitled": "60"}).status_code == 302
    with office.site.database.reading() as session:
        poll = polls.poll_of(session, office.ids["draft"])
        assert (poll.entitled, poll.place) == (60, "三楼")


@pytest.mark.parametrize("what", EDITS)
def test_a_form_that_does_not_say_what_it_was_filled_with_changes_nothing(office: Office, what: str) -> None:
    edit = EDITS[what]
    page, action = edit.page.format(**office.ids), edit.action.format(**office.ids)
    assert office.first.submit(page, action, forged=True, **edit.first).status_code == 302
    before = dump(office.site.database)
    form = {name: value for name, value in office.second.page(page).form(action).items() if name != "base"}
    assert office.second.post(action, data=form | edit.second).status_code == 409
    assert dump(office.site.database) == before
