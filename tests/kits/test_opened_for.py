"""A page left open acts on nothing but what it showed: every form carries it, every address that takes one looks."""

import html
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from surveys.acts.actors import Permission, Role
from surveys.acts.site import Site
from surveys.polling.states import PollState
from surveys.vote import polls
from surveys.web import opened_for
from surveys.web.access import PUBLIC, declared
from tests import handed_in, sites
from tests.builders import build_poll, build_unit, run_sql
from tests.builders import dump as rows
from tests.sites import lite_site_in
from tests.strict_client import Page, StrictClient
from tests.worlds import Shown, addresses, build_accounts, build_everything, client_of, dump, required, role_for

OF_NOTHING = {
    "/polls/scrub",
    "/login",
    "/logout",
    "/password",
    "/accounts/new",
    "/accounts/reissue",
    "/confirmations",
    "/sessions/end",
    "/settings",
    "/second-factor/again",
    "/second-factor/off",
    "/second-factor/on",
    "/stand-ins",
    "/stand-ins/agree",
    "/stand-ins/end",
    "/assessments/new",
}
ACTION = re.compile(r' action="([^"]*)"')
CARRIED = re.compile(r'name="opened_for" value="([^"]*)"')
TOO_OLD = "这一页不能再用"


@pytest.fixture(scope="module")
def unguarded(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    """A site filled with everything, its forms without tokens."""
    with lite_site_in(tmp_path_factory.mktemp("unguarded"), sqlite_template) as app:
        site = app.extensions["site"]
        world = build_everything(site)
        yield Shown(sites.unguarded(site), world)


def posted(app: Flask) -> list[Rule]:
    """What staff forms post to."""
    rules = [rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())]
    return [rule for rule in rules if declared(app.view_functions[rule.endpoint]) != PUBLIC]


def test_every_address_that_takes_a_form_says_what_the_form_is_of(shown: Shown) -> None:
    """A new one names what it is about in a way the check knows, or is a reporter's, or stands in the list above."""
    for rule in posted(shown.app):
        own = declared(shown.app.view_functions[rule.endpoint]) == Permission.SEE_OWN_UNIT
        assert bool(set(rule.arguments) & set(opened_for.NAMED)) or own or rule.rule in OF_NOTHING, rule.rule


def test_a_form_of_something_else_is_refused_everywhere(unguarded: Shown) -> None:
    before, tried = dump(unguarded.site.database), 0
    for rule in posted(unguarded.app):
        client = unguarded.client(role_for(str(declared(unguarded.app.view_functions[rule.endpoint]))))
        for address in list(addresses(unguarded.app, rule, unguarded.world))[:2]:
            wanted = required(client, address)
            for carried in ("", *(f"{kind}:999@x" for kind in wanted)) if wanted else ():
                data = {"opened_for": carried, "sure": "y"}
                response = FlaskClient.open(client, address, method="POST", data=data, buffered=True)
                assert response.status_code == 409, address
                assert TOO_OLD in response.text, address
                assert "没有做任何改动" in response.text
                tried += 1
        assert wanted or rule.rule in OF_NOTHING, rule.rule
    assert tried > 150
    assert dump(unguarded.site.database) == before


@pytest.mark.parametrize("role", [Role.ADMIN, Role.REPORTER])
def test_every_form_carries_what_the_address_it_posts_to_asks_for(unguarded: Shown, role: Role) -> None:
    client, seen = unguarded.client(role), set[tuple[str, ...]]()
    for rule in unguarded.app.url_map.iter_rules():
        public = declared(unguarded.app.view_functions[rule.endpoint]) == PUBLIC
        if public or "GET" not in (rule.methods or ()) or "." in rule.rule:  # a file has no forms
            continue
        for address in list(addresses(unguarded.app, rule, unguarded.world))[:12]:
            response = FlaskClient.open(client, address, method="GET", buffered=True)
            if response.status_code != 200 or response.mimetype != "text/html":
                continue
            for form in staff_forms(response.text):
                action = html.unescape(next(iter(ACTION.findall(form.split(">")[0])), address))
                carried = " ".join(CARRIED.findall(form)).split()
                if (action, *carried) not in seen:
                    wanted = opened_for.words_of(required(client, action)).split()
                    assert set(wanted) <= set(carried), (address, action)
                    seen.add((action, *carried))
    assert len(seen) > (30 if role is Role.ADMIN else 3)


def staff_forms(page: str) -> list[str]:
    """From a form's attributes to its end."""
    forms = [part.split("</form>")[0] for part in page.split("<form")[1:]]
    return [form for form in forms if "csrf_token" in form]


def test_a_page_left_open_from_a_cleared_rehearsal_ends_no_meeting(lite_app: Flask, lite_site: Site) -> None:
    _, unit_id = build_unit(lite_site)
    ids, _ = build_accounts(lite_site)
    organizer, elsewhere = (client_of(lite_app, ids[Role.ORGANIZER]) for _ in range(2))
    real = build_poll(lite_site, unit_id=unit_id, opened=False)
    rehearsal = organizer.submit(f"/polls/{real.poll_id}", f"/polls/{real.poll_id}/rehearse").location
    assert rehearsal is not None
    assert organizer.submit(rehearsal, f"{rehearsal}/open").status_code == 302
    tab = organizer.page(rehearsal)
    assert elsewhere.submit(rehearsal, f"{rehearsal}/wipe", sure="y").status_code == 302
    meeting = build_poll(lite_site, unit_id=unit_id)
    assert f"/polls/{meeting.poll_id}" != rehearsal, "the number of the rehearsal was given out again"
    assert organizer.post(f"{rehearsal}/close", data=tab.form(f"{rehearsal}/close") | {"sure": "y"}).status_code == 404
    assert state_of(lite_site, meeting.poll_id) is PollState.OPEN


@pytest.mark.parametrize("act", ["close", "pause", "present", "end-in"])
def test_where_a_number_was_given_again_the_old_page_says_so(lite_app: Flask, lite_site: Site, act: str) -> None:
    """As on a database from before numbers were given once, or one put back from a copy."""
    _, unit_id = build_unit(lite_site)
    ids, _ = build_accounts(lite_site)
    organizer = client_of(lite_app, ids[Role.ORGANIZER])
    rehearsal = build_poll(lite_site, unit_id=unit_id, rehearsal=True)
    home = f"/polls/{rehearsal.poll_id}"
    form = organizer.page(home).form(f"{home}/{act}")
    organizer.submit(home, f"{home}/wipe", sure="y")
    run_sql(lite_site, "DELETE FROM sqlite_sequence WHERE name = 'polls'")
    meeting = build_poll(lite_site, unit_id=unit_id)
    assert meeting.poll_id == rehearsal.poll_id
    before = rows(lite_site.database)
    fields = {"sure": "y", "reason": "停电", "present": "9", "minutes": "5"}
    response = organizer.post(f"{home}/{act}", data=form | fields)
    assert response.status_code == 409
    page = Page(response)
    for words in ("另一场测评会打开的", "演练", "没有做任何改动", "测评会列表"):
        assert words in page.text
    assert "/polls" in page.links()
    assert rows(lite_site.database) == before


def state_of(site: Site, poll_id: int) -> PollState:
    with site.database.reading() as session:
        return polls.poll_of(session, poll_id).state


ROW = "/materials/rows/III-4"


@pytest.mark.parametrize("another_year", [False, True])
def test_a_reporters_open_page_files_under_no_other_unit(lite_app: Flask, lite_site: Site, another_year: bool) -> None:
    """The account was moved while the page stood open: to another unit, or to its unit in the next assessment."""
    assessment_id, _ = build_unit(lite_site, "样例甲局")
    _, other = build_unit(lite_site, "样例乙局", assessment_id=None if another_year else assessment_id)
    ids, _ = build_accounts(lite_site)
    reporter, admin = client_of(lite_app, ids[Role.REPORTER]), client_of(lite_app, ids[Role.SYSTEM])
    page = reporter.page(ROW)
    pieces = page.form(f"{ROW}/files") | {"key": "k", "offset": "0", "piece": (io.BytesIO(handed_in.PDF), "piece")}
    file = page.form(f"{ROW}/files") | {"item": "1", "file": (io.BytesIO(handed_in.PDF), "报告.pdf")}
    link = page.form(f"{ROW}/references") | {"item": "1", "reference": "https://a.cn"}
    address = next(each for each in admin.page("/accounts").links() if is_reporters(admin, each))
    assert admin.submit(address, f"{address}/move", place=str(other), reason="换了单位").status_code == 302
    before = rows(lite_site.database)
    for action, fields in ((f"{ROW}/files", file), (f"{ROW}/references", link), ("/materials/pieces", pieces)):
        response = reporter.post(action, data=fields, content_type="multipart/form-data")
        assert response.status_code == 409, action
        for words in ("另一个单位（或另一年的考核）", "没有做任何改动"):
            assert words in Page(response).text
    assert rows(lite_site.database) == before
    assert not lite_site.files.folder.exists()
    assert reporter.submit(ROW, f"{ROW}/references", item=1, reference="https://a.cn").status_code == 302


def is_reporters(admin: StrictClient, address: str) -> bool:
    return re.fullmatch(r"/accounts/\d+", address) is not None and admin.page(address).heading == Role.REPORTER.value
