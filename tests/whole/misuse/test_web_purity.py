"""GET, HEAD and OPTIONS leave the database as it was; without its token a staff form changes nothing."""

from functools import partial

import pytest
from flask import Flask
from flask.testing import FlaskClient

from surveys.acts.actors import Role
from surveys.acts.site import Site
from surveys.web.access import PUBLIC, declared
from tests.builders import unlogged
from tests.worlds import Shown, addresses, build_everything, client_of, dump, role_for

pytestmark = pytest.mark.both(thorough=True)


@pytest.mark.parametrize("role", [None, Role.ADMIN, Role.SYSTEM, Role.AUDITOR])
def test_looking_changes_nothing(app: Flask, site: Site, role: Role | None) -> None:
    world = build_everything(site)
    before = unlogged(site.database)
    client = client_of(app, None if role is None else world.by_role[role])
    asked = 0
    for rule in app.url_map.iter_rules():
        every = list(addresses(app, rule, world))
        # HEAD runs what GET runs: of each rule one address is enough.
        for method, chosen in (("GET", every), ("HEAD", every[-1:]), ("OPTIONS", every[-1:])):
            for address in chosen:
                # What a page says is checked on one system; parsing it takes longer than making it.
                answer = client.open if site.database.is_sqlite else partial(FlaskClient.open, client, buffered=True)
                assert answer(address, method=method).status_code < 500, f"{method} {address}"
                asked += 1
    assert asked > 300
    assert unlogged(site.database) == before


def test_a_staff_form_without_its_token_is_refused(lite_app: Flask, lite_site: Site) -> None:
    world = build_everything(lite_site)
    before = dump(lite_site.database)
    clients = {role: client_of(lite_app, number) for role, number in world.by_role.items()}
    refused = 0
    for rule in lite_app.url_map.iter_rules():
        access = declared(lite_app.view_functions[rule.endpoint])
        if "POST" not in (rule.methods or ()) or (access == PUBLIC and rule.rule != "/login"):
            continue
        for address in addresses(lite_app, rule, world):
            for fields in ({"sure": "y"}, {"sure": "y", "csrf_token": "made-up"}):
                response = clients[role_for(str(access))].post(address, data=fields)
                assert response.status_code == 400, address
                assert "页面已过期" in response.text
                refused += 1
    assert refused > 60
    assert dump(lite_site.database) == before


def test_the_dump_sees_a_change(shown: Shown) -> None:
    """The two tests above would pass with a dump that sees nothing."""
    before = dump(shown.site.database)
    with shown.site.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE polls SET entitled = entitled + 1 WHERE id = 1")
    assert dump(shown.site.database) != before
