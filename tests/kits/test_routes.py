"""docs/routes.md: which role may call which address, as test_web_access tries row by row.

RECORD_ROUTES=1 writes it anew.
"""

import os

from flask import Flask

from surveys.acts.actors import WHO_MAY, Permission, Role
from surveys.web.access import PUBLIC, SIGNED_IN, declared
from tests.servers import ROOT

HANDBOOK = ROOT / "docs" / "handbook.md"
BEGIN, END = "<!-- 权限表：由 test_routes 从 surveys/acts/actors.py 写出 -->\n", "<!-- 权限表完 -->\n"
FILE = ROOT / "docs" / "routes.md"
HEAD = """# Who may call what

Every address with the roles that may call it, from the declarations on the views and the one table in
`surveys/acts/actors.py`. Tried row by row by `test_web_access`: every role, GET and POST, own and foreign things; the
use cases behind them by `test_permitted`. Written by `RECORD_ROUTES=1 scripts/test tests/kits/test_routes.py`. An
admin keeps the accounts too while a site has no system admin.

"""


def table(app: Flask) -> str:
    lines = [f"| method | address | {' | '.join(role.value for role in Role)} |", "|---|---|" + "---|" * len(Role)]
    for rule in sorted(app.url_map.iter_rules(), key=lambda each: (each.rule, sorted(each.methods or ()))):
        access = declared(app.view_functions[rule.endpoint])
        assert access is not None
        if access == PUBLIC:
            cells = ["anybody"] * len(Role)
        else:
            roles = set(Role) if access == SIGNED_IN else WHO_MAY[Permission(access)]
            cells = ["yes" if role in roles else "" for role in Role]
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            lines.append(f"| {method} | `{rule.rule}` | {' | '.join(cells)} |")
    return HEAD + "\n".join(lines) + "\n"


def test_the_file_is_what_the_site_does(lite_app: Flask) -> None:
    if "RECORD_ROUTES" in os.environ:
        FILE.write_text(table(lite_app), encoding="utf-8")
    assert FILE.read_text(encoding="utf-8") == table(lite_app)


def powers() -> str:
    lines = [f"| 能做 | {' | '.join(role.label for role in Role)} |", "|---|" + "---|" * len(Role)]
    for permission in Permission:
        cells = ["✓" if role in WHO_MAY[permission] else "" for role in Role]
        lines.append(f"| {permission.label} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def test_the_handbook_has_the_one_table() -> None:
    before, rest = HANDBOOK.read_text(encoding="utf-8").split(BEGIN)
    found, after = rest.split(END)
    if "RECORD_ROUTES" in os.environ:
        found = powers()
        HANDBOOK.write_text(before + BEGIN + found + END + after, encoding="utf-8")
    assert found == powers()
