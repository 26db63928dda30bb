"""Two-person unsealing: a sealed result stays hidden on every path until an organizer and a scrutineer opened it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask

from surveys.acts.actors import COMMAND_LINE, Actor, Role
from surveys.acts.errors import NotAllowed, NotFound, WrongState
from surveys.acts.site import Site
from surveys.office.accounts import create_account, sign_in
from surveys.polling.states import PollState
from surveys.scoring.exact import shown
from surveys.scoring.score_sheet import RowState
from surveys.storage.tables import AuditEntry, Ballot
from surveys.vote import bundle_writing, poll_record, polls, sealing, tallies, tally_sheets
from tests.builders import (
    World,
    build_poll,
    build_unit,
    cast_each,
    close,
    close_and_seal,
    event,
    fill_marks,
    record,
    seal,
    sheet_for,
)
from tests.sites import NOW, unguarded
from tests.strict_client import without_token
from tests.tools import THOROUGH
from tests.worlds import Everything, addresses, build_accounts, client_of, walker

pytestmark = pytest.mark.both

# Scores nobody else has: no page may show any of them.
BALLOTS = ["ABACADABA" + "BBCDABC" + "CDABBCA"] * 4 + ["BABCAABAC" + "ABCABDA" + "BBDABCC"] * 3
CHARTS = ("0.svg", "0.png", "1.svg")
RESULT_PATHS = (
    "tally",
    "tally-sheet.pdf",
    "tally-sheet.xlsx",
    "bundle.zip",
    "charts/0.svg",
    "charts/0.png",
    "charts/1.svg",
)
ROLES = [None, *Role]
NO_POLLS = (Role.SYSTEM, Role.AUDITOR, Role.ASSESSOR, Role.REPORTER, Role.READER)


def two_person_poll(site: Site, *, sealed: bool = True, **options: Any) -> World:
    """A poll of a unit whose democratic row is all that is still to come."""
    assessment_id, unit_id = build_unit(site)
    fill_marks(site, unit_id)
    world = build_poll(site, unit_id=unit_id, two_person=True, **options)
    cast_each(site, world, {"A": BALLOTS})
    if sealed:
        close_and_seal(site, world.poll_id)
    return World(assessment_id, unit_id, world.poll_id, world.codes)


def actors_of(site: Site) -> dict[Role, Actor]:
    _, passwords = build_accounts(site)
    with site.database.reading() as session:
        return {role: sign_in(session, NOW, role.value, word) for role, word in passwords.items()}


def open_by(site: Site, world: World, actor: Actor) -> bool:
    with site.database.writing() as session:
        return sealing.unseal(session, NOW, actor, world.poll_id)


def is_hidden(site: Site, world: World) -> bool:
    """Every service that tells a result, all of one mind."""
    with site.database.reading() as session:
        poll = polls.poll_of(session, world.poll_id)
        answers = []
        for service in (
            tallies.tally,
            bundle_writing.write_bundle,
            lambda *of: tally_sheets.write_tally_sheet(*of, "xlsx"),
        ):
            try:
                service(session, poll)
            except WrongState:
                answers.append(True)
            else:
                answers.append(False)
        answers.append(not tallies.is_visible(poll))
    line = sheet_for(site, world.unit_id).democratic
    assert line is not None
    answers += [line.value.state is RowState.PENDING, line.value.got is None, line.tally is None]
    assert len(set(answers)) == 1, answers
    return answers[0]


def audit_of(site: Site, act: str) -> list[tuple[str, str]]:
    """(who, which key), in order."""
    with site.database.reading() as session:
        entries = session.scalars(sa.select(AuditEntry).where(AuditEntry.act == act).order_by(AuditEntry.id))
        return [(entry.actor, entry.detail) for entry in entries]


def figures_of(site: Site, world: World) -> set[str]:
    """Every score of the poll as it would be shown, and what its unit would have."""
    with site.database.reading() as session:
        poll = polls.poll_of(session, world.poll_id)
        result = tallies.count(poll.id, str(poll.seal), poll_record.verified(session, poll))
    forms = [result.organization, *result.leaders]
    scores = [form.score for form in forms if form] + [q.score for form in forms if form for q in form.questions]
    assert result.organization is not None
    assert result.organization.score is not None
    line = sheet_for(site, world.unit_id).democratic
    assert line is not None
    scores.append(result.organization.score * int(line.row.standard.points) / 100)
    return {str(shown(score)) for score in scores if score is not None}


def appearing(figures: set[str], text: str) -> list[str]:
    return [figure for figure in figures if re.search(rf"(?<![\d.]){re.escape(figure)}(?!\d)", text)]


def run(app: Flask, *arguments: object, **options: Any) -> Result:
    with app.app_context():
        return app.test_cli_runner().invoke(args=[str(argument) for argument in arguments], **options)


def everything(site: Site, world: World) -> Everything:
    """What the walk over all addresses takes: this poll, and accounts of every role."""
    event_id = record(site, world.unit_id, event("III-32"))
    ids, passwords = build_accounts(site)
    found = {PollState.SEALED: world}
    used, unused = world.codes["A"][0], {PollState.SEALED: world.codes["A"][9]}
    nothing = 2**31 - 1
    return Everything(
        world.assessment_id,
        found,
        event_id,
        exemption_id=nothing,
        import_id=nothing,
        mark_import_id=nothing,
        account_import_id=nothing,
        account_ids=[],
        objection_id=nothing,
        proposal_id=nothing,
        by_role=ids,
        passwords=passwords,
        framework_import_id=nothing,
        proceedings={},
        material_ids=[],
        used=used,
        void=world.codes["A"][8],
        unused=unused,
        door="0" * 32,
    )


def walk(app: Flask, world: Everything, role: Role | None) -> Iterator[tuple[str, int, str]]:
    """(address, status, what it says) of a GET of every address there is."""
    client = walker(app, None if role is None else world.by_role[role])
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.endpoint == "static":
            continue
        # Of a poll everything there is, whatever else is left to scripts/test --thorough.
        for address in addresses(app, rule, world, every=THOROUGH or "poll_id" in rule.arguments):
            response = client.get(address)
            text = response.get_data(as_text=True) if response.mimetype == "text/html" else ""
            yield address, response.status_code, without_token(text)


def compared(app: Flask, world: Everything, role: Role | None) -> list[tuple[str, int, str]]:
    """Without what tells of the walk itself: the account's sessions, and who read what, a new secret."""
    return [each for each in walk(app, world, role) if not each[0].startswith(("/password", "/log", "/second-factor"))]


def said_by_commands(app: Flask, world: World, folder: Path) -> dict[str, tuple[int, str]]:
    """(exit code, all that was printed) of every command that could tell a result."""
    commands = {
        "tally": ["poll", "tally", world.poll_id],
        "tally json": ["poll", "tally", world.poll_id, "--json"],
        "bundle": ["poll", "bundle", world.poll_id, "--out", folder / "bundle.zip"],
        "tally sheet": ["poll", "tally-sheet", world.poll_id, "--out", folder / "sheet.pdf"],
        "results": ["assessment", "results", world.assessment_id],
        "results json": ["assessment", "results", world.assessment_id, "--json"],
        "verify": ["poll", "verify", world.poll_id],
        "turnout": ["poll", "turnout", world.poll_id, "--json"],
        "list": ["poll", "list", "--json"],
    }
    found = {name: run(app, *arguments) for name, arguments in commands.items()}
    return {name: (result.exit_code, result.stdout + result.stderr) for name, result in found.items()}


def test_hidden_until_both_have_opened_it(site):
    world = two_person_poll(site)
    actors = actors_of(site)
    assert is_hidden(site, world)
    assert open_by(site, world, actors[Role.SCRUTINEER]) is False
    assert is_hidden(site, world)
    assert open_by(site, world, actors[Role.ORGANIZER]) is True
    assert not is_hidden(site, world)


def test_the_order_does_not_matter(site):
    world = two_person_poll(site)
    actors = actors_of(site)
    assert open_by(site, world, actors[Role.ORGANIZER]) is False
    assert is_hidden(site, world)
    assert open_by(site, world, actors[Role.SCRUTINEER]) is True
    assert not is_hidden(site, world)


def test_no_score_before_and_the_polls_score_after(site):
    world = two_person_poll(site)
    actors = actors_of(site)
    before = sheet_for(site, world.unit_id)
    assert (before.score.final, before.score.pending, before.tally) == (None, 1, None)
    open_by(site, world, actors[Role.ORGANIZER])
    assert sheet_for(site, world.unit_id).score.final is None
    open_by(site, world, actors[Role.SCRUTINEER])
    after = sheet_for(site, world.unit_id)
    assert after.score.pending == 0
    assert after.score.final is not None
    assert after.tally is not None


@pytest.mark.parametrize("role", [Role.ADMIN, Role.ASSESSOR])
def test_nobody_else_holds_a_key(site, role):
    world = two_person_poll(site)
    actors = actors_of(site)
    for _ in range(2):
        with pytest.raises(NotAllowed):
            open_by(site, world, actors[role])
    with pytest.raises(NotAllowed):
        open_by(site, world, COMMAND_LINE)
    # A role without an account behind it is nobody.
    with pytest.raises(NotAllowed):
        open_by(site, world, Actor(None, "组织员", Role.ORGANIZER))
    open_by(site, world, actors[Role.ORGANIZER])
    with pytest.raises(NotAllowed):
        open_by(site, world, actors[role])
    assert is_hidden(site, world)
    assert audit_of(site, "poll.unseal") == [("organizer", "组织员一方")]


@pytest.mark.parametrize("role", [Role.ORGANIZER, Role.SCRUTINEER])
def test_the_same_side_cannot_open_it_twice(site, role):
    world = two_person_poll(site)
    actor = actors_of(site)[role]
    open_by(site, world, actor)
    with site.database.writing() as session:
        password = create_account(session, NOW, COMMAND_LINE, "同事", role)
    with site.database.reading() as session:
        colleague = sign_in(session, NOW, "同事", password)
    for again in (actor, colleague):
        with pytest.raises(WrongState, match="已经启封过"):
            open_by(site, world, again)
    assert is_hidden(site, world)
    assert len(audit_of(site, "poll.unseal")) == 1


def test_nothing_is_opened_before_sealing(site):
    world = two_person_poll(site, sealed=False)
    actors = actors_of(site)
    draft = build_poll(site, unit_id=world.unit_id, two_person=True, opened=False)
    for poll in (draft, world):
        with pytest.raises(WrongState, match="封存之后才能启封"):
            open_by(site, poll, actors[Role.ORGANIZER])
    close(site, world.poll_id)
    with pytest.raises(WrongState, match="封存之后才能启封"):
        open_by(site, world, actors[Role.SCRUTINEER])
    seal(site, world.poll_id)
    assert is_hidden(site, world)
    assert audit_of(site, "poll.unseal") == []


def test_a_poll_without_the_setting_has_nothing_to_open(site):
    world = build_poll(site)
    cast_each(site, world, {"A": BALLOTS})
    actors = actors_of(site)
    with pytest.raises(WrongState, match="没有设双人启封"):
        open_by(site, world, actors[Role.ORGANIZER])
    close_and_seal(site, world.poll_id)
    with pytest.raises(WrongState, match="没有设双人启封"):
        open_by(site, world, actors[Role.ORGANIZER])
    with site.database.reading() as session:
        assert tallies.tally(session, polls.poll_of(session, world.poll_id)).valid == len(BALLOTS)
    with pytest.raises(NotFound):
        open_by(site, World(0, 0, world.poll_id + 1, {}), actors[Role.ORGANIZER])


def test_both_acts_are_in_the_audit_log(site):
    world = two_person_poll(site)
    actors = actors_of(site)
    open_by(site, world, actors[Role.ORGANIZER])
    open_by(site, world, actors[Role.SCRUTINEER])
    assert audit_of(site, "poll.unseal") == [("organizer", "组织员一方"), ("scrutineer", "监票人一方")]
    with site.database.reading() as session:
        prefix = polls.poll_of(session, world.poll_id).prefix
        entries = session.scalars(sa.select(AuditEntry).where(AuditEntry.act == "poll.unseal")).all()
        assert {(entry.subject, entry.at) for entry in entries} == {(prefix, NOW)}


def test_opening_one_poll_opens_no_other(site):
    world, other = two_person_poll(site), two_person_poll(site)
    actors = actors_of(site)
    open_by(site, world, actors[Role.ORGANIZER])
    open_by(site, other, actors[Role.SCRUTINEER])
    assert is_hidden(site, world)
    assert is_hidden(site, other)
    open_by(site, world, actors[Role.SCRUTINEER])
    assert not is_hidden(site, world)
    assert is_hidden(site, other)


@pytest.mark.parametrize(
    "opened_by",
    [
        pytest.param((), marks=pytest.mark.thorough),
        (Role.ORGANIZER,),
        pytest.param((Role.SCRUTINEER,), marks=pytest.mark.thorough),
    ],
)
def test_no_address_tells_anybody_anything_before_both(
    lite_app: Flask, lite_site: Site, opened_by: tuple[Role, ...]
) -> None:
    world = two_person_poll(lite_site)
    site_world = everything(lite_site, world)
    for role in opened_by:
        client = client_of(lite_app, site_world.by_role[role])
        answer = client.submit(f"/polls/{world.poll_id}", f"/polls/{world.poll_id}/unseal", sure="y")
        assert answer.status_code == 302
    figures = figures_of(lite_site, world)
    assert len(figures) > 10
    results = {f"/polls/{world.poll_id}/{path}" for path in RESULT_PATHS}
    for role in ROLES:
        seen = list(walk(lite_app, site_world, role))
        assert results <= {address for address, _, _ in seen}
        for address, status, text in seen:
            assert not appearing(figures, text), f"{role} at {address}: {appearing(figures, text)}"
            if address in results:
                refused = 302 if role is None else 403 if role in NO_POLLS else 409
                assert status == refused, f"{role} at {address}"
                assert status != 409 or "启封" in text
            if address == f"/polls/{world.poll_id}" and role not in (None, *NO_POLLS):
                assert "双人启封" in text
                assert "/tally" not in text
                assert "bundle" not in text


def test_the_walk_sees_the_figures_once_both_have_opened_it(lite_app: Flask, lite_site: Site) -> None:
    """The test above can fail."""
    world = two_person_poll(lite_site)
    site_world = everything(lite_site, world)
    for role in (Role.ORGANIZER, Role.SCRUTINEER):
        client = client_of(lite_app, site_world.by_role[role])
        client.submit(f"/polls/{world.poll_id}", f"/polls/{world.poll_id}/unseal", sure="y")
    figures = figures_of(lite_site, world)
    told = {
        address: found
        for address, status, text in walk(lite_app, site_world, Role.ADMIN)
        if status == 200 and (found := appearing(figures, text))
    }
    assert len(told[f"/polls/{world.poll_id}/tally"]) >= len(figures) - 1
    assert f"/assessments/{world.assessment_id}/results" in told
    assert f"/units/{world.unit_id}" in told


def test_what_was_voted_changes_no_page_before_both(lite_app: Flask, lite_site: Site) -> None:
    """With every ballot turned into another behind the use cases' back, each address answers the same to the letter."""
    world = two_person_poll(lite_site)
    site_world = everything(lite_site, world)
    before = {role: compared(lite_app, site_world, role) for role in ROLES}
    with lite_site.database.engine.begin() as connection:
        change = sa.update(Ballot).where(Ballot.poll_id == world.poll_id).values(answers="D" * 23)
        assert connection.execute(change).rowcount == len(BALLOTS)
    assert {role: compared(lite_app, site_world, role) for role in ROLES} == before


def test_no_command_tells_anything_before_both(lite_app: Flask, lite_site: Site, tmp_path: Path) -> None:
    world = two_person_poll(lite_site)
    actors = actors_of(lite_site)
    figures = figures_of(lite_site, world)
    for opened in range(2):
        said = said_by_commands(lite_app, world, tmp_path)
        refused = {name for name, (code, _) in said.items() if code}
        assert refused == {"tally", "tally json", "bundle", "tally sheet"}, opened
        for name, (code, text) in said.items():
            assert not appearing(figures, text), name
            assert code in (0, 1)
            assert code == 0 or "启封" in text
        assert not (tmp_path / "bundle.zip").exists()
        assert not (tmp_path / "sheet.pdf").exists()
        (unit,) = json.loads(said["results json"][1])["units"]
        assert (unit["final"], unit["band"], unit["rank"], unit["pending"]) == (None, None, None, 1)
        assert (unit["democratic"]["score"], unit["democratic"]["got"]) == (None, None)
        assert "待定" in said["results"][1]
        assert said["verify"][1].startswith("一致 sha256:")
        if not opened:
            open_by(lite_site, world, actors[Role.ORGANIZER])
    open_by(lite_site, world, actors[Role.SCRUTINEER])
    said = said_by_commands(lite_app, world, tmp_path)
    assert {code for code, _ in said.values()} == {0}
    assert appearing(figures, said["tally"][1])
    assert appearing(figures, said["results json"][1])
    assert (tmp_path / "bundle.zip").exists()


def test_from_the_command_line(lite_app: Flask, lite_site: Site) -> None:
    assessment_id, unit_id = build_unit(lite_site)
    created = run(lite_app, "poll", "create", "--unit", unit_id, "--entitled", 7, "--two-person")
    poll_id = int(created.stdout)
    (listed,) = json.loads(run(lite_app, "poll", "list", "--json").stdout)
    assert listed["two_person"] is True
    run(lite_app, "poll", "open", poll_id)
    _, passwords = build_accounts(lite_site)

    def unseal(name: str, password: str) -> tuple[int, str]:
        result = run(lite_app, "poll", "unseal", poll_id, "--account", name, "--password", password)
        assert "Traceback" not in result.stderr
        assert result.stdout == ""
        return result.exit_code, result.stderr

    code, text = unseal("organizer", passwords[Role.ORGANIZER])
    assert (code, "封存之后才能启封" in text) == (1, True)
    assert run(lite_app, "poll", "close", poll_id).exit_code == 0
    for name, password in (
        ("admin", passwords[Role.ADMIN]),
        ("assessor", passwords[Role.ASSESSOR]),
        ("organizer", "wrong"),
        ("scrutineer", passwords[Role.ORGANIZER]),
        ("nobody", "wrong"),
    ):
        code, text = unseal(name, password)
        assert code == 1, name
        assert re.search(r"[\u4e00-\u9fff]", text)
    assert unseal("organizer", passwords[Role.ORGANIZER]) == (0, "已登记，还需另一方启封。\n")
    assert unseal("organizer", passwords[Role.ORGANIZER])[0] == 1
    assert run(lite_app, "poll", "tally", poll_id).exit_code == 1
    assert unseal("scrutineer", passwords[Role.SCRUTINEER]) == (0, "结果已启封。\n")
    assert run(lite_app, "poll", "tally", poll_id, "--json").exit_code == 0
    assert audit_of(lite_site, "poll.unseal") == [("organizer", "组织员一方"), ("scrutineer", "监票人一方")]
    assert assessment_id


def test_through_the_pages(lite_app: Flask, lite_site: Site) -> None:
    world = two_person_poll(lite_site)
    ids, _ = build_accounts(lite_site)
    address = f"/polls/{world.poll_id}"
    clients = {role: client_of(lite_app, ids[role]) for role in Role}

    def offered(role: Role) -> bool:
        page = clients[role].page(address)
        return any(form.get("action") == f"{address}/unseal" for form in page.root.iter("form"))

    assert [offered(role) for role in (Role.ORGANIZER, Role.SCRUTINEER, Role.ADMIN)] == [True, True, False]
    unsure = clients[Role.SCRUTINEER].submit(address, f"{address}/unseal")
    assert unsure.status_code == 400
    assert audit_of(lite_site, "poll.unseal") == []
    first = clients[Role.SCRUTINEER].submit(address, f"{address}/unseal", sure="y")
    assert (first.status_code, first.location) == (302, address)
    page = clients[Role.SCRUTINEER].page(address)
    assert "您这一方已启封，还需另一方登录启封。" in page.text
    assert "还差组织员" in page.text
    assert [offered(role) for role in (Role.ORGANIZER, Role.SCRUTINEER, Role.ADMIN)] == [True, False, False]
    clients[Role.ORGANIZER].page(f"{address}/tally", 409)
    clients[Role.ORGANIZER].submit(address, f"{address}/unseal", sure="y")
    assert "两方都已启封，可以看结果了。" in clients[Role.ORGANIZER].page(address).text
    for role in (Role.ORGANIZER, Role.SCRUTINEER, Role.ADMIN):
        assert not offered(role)
        assert f"{address}/tally" in clients[role].page(address).links()
        clients[role].page(f"{address}/tally")


@pytest.mark.parametrize(("role", "status"), [(Role.ADMIN, 403), (Role.ASSESSOR, 403), (None, 302)])
def test_nobody_else_may_post_it(lite_site: Site, role: Role | None, status: int) -> None:
    world = two_person_poll(lite_site)
    ids, _ = build_accounts(lite_site)
    client = client_of(unguarded(lite_site), None if role is None else ids[role])
    assert client.post(f"/polls/{world.poll_id}/unseal", data={"sure": "y"}).status_code == status
    assert audit_of(lite_site, "poll.unseal") == []
    assert is_hidden(lite_site, world)


def test_a_look_opens_nothing(lite_app: Flask, lite_site: Site) -> None:
    world = two_person_poll(lite_site)
    ids, _ = build_accounts(lite_site)
    for role in (Role.ORGANIZER, Role.SCRUTINEER):
        client = client_of(lite_app, ids[role])
        client.get(f"/polls/{world.poll_id}")
        assert client.get(f"/polls/{world.poll_id}/unseal").status_code == 405
    assert is_hidden(lite_site, world)


def test_it_is_asked_for_when_the_poll_is_made(lite_app: Flask, lite_site: Site) -> None:
    _, unit_id = build_unit(lite_site)
    ids, _ = build_accounts(lite_site)
    client = client_of(lite_app, ids[Role.ORGANIZER])
    fields = {"title": "民主测评", "entitled": "7"}
    for chosen in ({}, {"two_person": "y"}):
        assert client.submit(f"/units/{unit_id}/polls/new", **fields, **chosen).status_code == 302
    with lite_site.database.reading() as session:
        assert [poll.two_person for poll in polls.list_polls(session)] == [True, False]


def test_verifying_and_the_board_work_before_both(lite_app: Flask, lite_site: Site) -> None:
    world = two_person_poll(lite_site)
    with lite_site.database.reading() as session:
        poll = polls.poll_of(session, world.poll_id)
        found, prefix = poll.seal, poll.prefix
        assert len(poll_record.verified(session, poll).ballots) == len(BALLOTS)
    assert run(lite_app, "poll", "verify", world.poll_id).stdout == f"一致 {found}\n"
    board = client_of(lite_app).page(f"/board/{prefix}")
    assert str(found) in board.text
    assert f"全部回执（{len(BALLOTS)}）" in board.text
    assert not appearing(figures_of(lite_site, world), board.text)
