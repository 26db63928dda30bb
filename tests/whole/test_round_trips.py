"""Every table that the site gives away is known here; each that a page takes back is taken, untouched and filled in."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO

import pytest
import sqlalchemy as sa
from flask import Flask, url_for
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from surveys.acts.actors import Role
from surveys.acts.site import Site
from surveys.intake.tables import read_tables
from surveys.reporting.workbooks import SheetPlan, workbook
from surveys.season import assessments
from surveys.storage.tables import Account, Poll, ProposedChange, Unit
from tests.builders import build_unit
from tests.strict_client import Page, StrictClient
from tests.worlds import Shown, addresses, build_accounts, client_of

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TABLES = (XLSX, "application/vnd.ms-excel", "application/vnd.oasis.opendocument.spreadsheet", "text/csv")
NOTHING_READ = "没有读"

Cells = list[list[str]]
Sheets = dict[str, Cells]


def fill_plan(sheets: Sheets) -> None:
    for row in sheets["测评会"][1:]:
        row[2], row[4] = "2026年3月2日", "48"


def fill_roster(sheets: Sheets) -> None:
    system = sheets["单位"][1][2]
    sheets["单位"][1:] = [["新样例局", "市直单位", system, "", ""]]
    sheets["领导"][1:] = [["新样例局", "1", "样例丙", "局长"]]


def fill_one_sheet(sheets: Sheets) -> None:
    (rows,) = sheets.values()
    rows[1:] = [["新样例局", "市直单位", rows[1][2], "", "", "1", "样例丙", "局长"]]


def change_roster(sheets: Sheets) -> None:
    sheets["领导"][1][3] = "新职务"


def fill_accounts(sheets: Sheets) -> None:
    sheets["账号"][1:] = [["样例甲", "张三", "组织员", "", ""]]


def fill_marks(sheets: Sheets) -> None:
    next(iter(sheets.values()))[1][5] = "1"


def change_framework(sheets: Sheets) -> None:
    rows = sheets["测评体系"]
    rows[1][rows[0].index("说明")] = "改过的说明"


def named(kind: type, name: str) -> Callable[[Site], bool]:
    def found(site: Site) -> bool:
        with site.database.reading() as session:
            return session.scalar(sa.select(kind).where(kind.name == name)) is not None  # type: ignore[attr-defined]

    return found


def post_is_new(site: Site) -> bool:
    with site.database.reading() as session:
        return any(leader.post == "新职务" for unit in session.scalars(sa.select(Unit)) for leader in unit.leaders)


def two_polls(site: Site) -> bool:
    with site.database.reading() as session:
        return [poll.entitled for poll in session.scalars(sa.select(Poll))] == [48, 48]


def one_mark(site: Site) -> bool:
    """An admin's, which waits for a second hand."""
    with site.database.reading() as session:
        (proposed,) = session.scalars(sa.select(ProposedChange))
        return [str(points) for _, _, _, points, *_ in proposed.body["act"]["marks"]] == ["1"]


def note_is_new(site: Site) -> bool:
    with site.database.reading() as session:
        (assessment,) = session.scalars(sa.select(assessments.Assessment)).all()
        framework = next(each for each in assessments.frameworks_of(assessment) if each.key == "county")
        return next(framework.rows()).standard.note == "改过的说明"


@dataclass(frozen=True)
class TakenBack:
    """A table and the page that takes it. `untouched`: what that page or its preview says of it as downloaded; `fill`
    fills it in, and once it is confirmed `done` holds. `marking`: whether marking has begun."""

    upload: str
    untouched: str
    fill: Callable[[Sheets], None]
    done: Callable[[Site], bool]
    marking: bool = False


TAKEN_BACK: Mapping[str, TakenBack] = {
    "poll_imports.template": TakenBack("poll_imports.upload", "表里没有要建的测评会", fill_plan, two_polls),
    "rosters.template_workbook": TakenBack("rosters.upload", "新增的单位", fill_roster, named(Unit, "新样例局")),
    "rosters.template_csv": TakenBack("rosters.upload", "新增的单位", fill_one_sheet, named(Unit, "新样例局")),
    "rosters.export": TakenBack("rosters.upload", "没有要导入的", change_roster, post_is_new),
    "account_batches.template": TakenBack(
        "account_batches.upload", "样例报送员", fill_accounts, named(Account, "样例甲")
    ),
    "mark_imports.export": TakenBack("mark_imports.upload", "没有要导入的", fill_marks, one_mark, marking=True),
    "frameworks.export": TakenBack("framework_imports.upload", "没有要更新的", change_framework, note_is_new),
}

NOT_TAKEN_BACK = {
    "applicability.workbook": "the matrix to read; tags and exemptions are set on pages",
    "completion.table": "who is not done",
    "ledger.table": "the ledger to read",
    "log.table": "the audit log, which nobody writes",
    "poll_results.sheet": "the tally sheet to sign",
    "proceedings.board_csv": "which records there are",
    "versions.as_csv": "a frozen version",
}


def gives_a_table(shown: Shown, clients: Sequence[StrictClient], rule: Rule) -> bool:
    """By the first answer there is; where there are several kinds of file, of an Excel file."""
    for address in list(addresses(shown.app, rule, shown.world)):
        if "extension" in rule.arguments and not address.endswith(".xlsx"):
            continue
        for client in clients:
            response = FlaskClient.open(client, address, buffered=True)
            if response.status_code == 200:
                return response.mimetype in TABLES
    return False


def test_every_table_is_known(shown: Shown) -> None:
    """What answers GET with a table is listed above, as taken back or not."""
    clients = [shown.client(role) for role in (Role.ADMIN, Role.REPORTER, Role.SYSTEM, Role.AUDITOR)]
    rules = [rule for rule in shown.app.url_map.iter_rules() if "GET" in (rule.methods or ())]
    tables = {rule.endpoint for rule in rules if gives_a_table(shown, clients, rule)}
    assert tables == {*TAKEN_BACK, *NOT_TAKEN_BACK}


def test_every_page_that_takes_tables_gives_one_to_begin_with(shown: Shown) -> None:
    clients, takes = [shown.client(role) for role in (Role.ADMIN, Role.SYSTEM)], set()
    for rule in shown.app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or not hasattr(shown.app.view_functions[rule.endpoint], "most_bytes"):
            continue
        address = next(addresses(shown.app, rule, shown.world))
        if any(".xlsx" in FlaskClient.get(client, address).text for client in clients):
            takes.add(rule.endpoint)
    assert takes == {each.upload for each in TAKEN_BACK.values()}


@dataclass(frozen=True)
class Desk:
    app: Flask
    site: Site
    admin: StrictClient
    assessment_id: int

    def address(self, endpoint: str) -> str:
        values = {"assessment_id": self.assessment_id, "framework_key": "county"}
        rule = next(rule for rule in self.app.url_map.iter_rules() if rule.endpoint == endpoint)
        with self.app.test_request_context():
            return url_for(endpoint, **{name: values[name] for name in rule.arguments})

    def download(self, endpoint: str) -> tuple[str, bytes]:
        response = self.admin.get(self.address(endpoint))
        assert response.status_code == 200
        return f"a.{'csv' if response.mimetype == 'text/csv' else 'xlsx'}", response.data

    def upload(self, endpoint: str, name: str, data: bytes) -> tuple[str, Page]:
        """The address and page of the preview, or the page again with what is wrong."""
        address = self.address(endpoint)
        form = self.admin.page(address).form(address) | {"file": (BytesIO(data), name)}
        response = self.admin.post(address, data=form, content_type="multipart/form-data", follow_redirects=True)
        return response.request.path, Page(response)


def desk_of(app: Flask, site: Site, taken: TakenBack) -> Desk:
    assessment_id, _ = build_unit(site, "样例局", marking=taken.marking)
    build_unit(site, "样例二局", assessment_id=assessment_id, marking=taken.marking)
    role = Role.SYSTEM if taken.upload.startswith("account") else Role.ADMIN
    return Desk(app, site, client_of(app, build_accounts(site)[0][role]), assessment_id)


def filled(name: str, data: bytes, fill: Callable[[Sheets], None]) -> bytes:
    """The same sheets with other texts, as somebody saves them."""
    tables = read_tables(name, data)
    sheets = {table.name: squared([row.texts for row in table.rows]) for table in tables}
    fill(sheets)
    if name.endswith(".csv"):
        (rows,) = sheets.values()
        return "\r\n".join(",".join(row) for row in rows).encode("gb18030")
    return workbook([SheetPlan(title, rows[0], rows[1:]) for title, rows in sheets.items()])


def squared(rows: Sequence[Sequence[str]]) -> Cells:
    width = max(map(len, rows))
    return [[*row, *[""] * (width - len(row))] for row in rows]


@pytest.mark.parametrize("endpoint", sorted(TAKEN_BACK))
def test_as_downloaded(lite_app: Flask, lite_site: Site, endpoint: str) -> None:
    taken = TAKEN_BACK[endpoint]
    desk = desk_of(lite_app, lite_site, taken)
    said = desk.upload(taken.upload, *desk.download(endpoint))[1].text
    assert taken.untouched in said
    assert NOTHING_READ not in said, "the site knows its own sheets and columns"
    assert "不认识" not in said


@pytest.mark.parametrize("endpoint", sorted(TAKEN_BACK))
def test_filled_in_and_confirmed(lite_app: Flask, lite_site: Site, endpoint: str) -> None:
    taken = TAKEN_BACK[endpoint]
    desk = desk_of(lite_app, lite_site, taken)
    name, data = desk.download(endpoint)
    preview, page = desk.upload(taken.upload, name, filled(name, data, taken.fill))
    assert NOTHING_READ not in page.text
    response = desk.admin.post(preview, data=page.form(preview))
    assert response.status_code in (200, 302), response.text
    assert taken.done(lite_site)


@pytest.mark.parametrize("endpoint", sorted(endpoint for endpoint in TAKEN_BACK if "csv" not in endpoint))
def test_a_fault_names_its_sheet(lite_app: Flask, lite_site: Site, endpoint: str) -> None:
    """Of a column that is there twice, in the sheet that is filled in."""
    taken = TAKEN_BACK[endpoint]
    desk = desk_of(lite_app, lite_site, taken)
    name, data = desk.download(endpoint)

    def doubled(sheets: Sheets) -> None:
        taken.fill(sheets)
        for row in next(iter(sheets.values())):
            row.append(row[0])

    first = read_tables(name, data)[0].name
    said = desk.upload(taken.upload, name, filled(name, data, doubled))[1].text
    assert "重复，请只留一列" in said
    assert first in said.partition("怎样改")[2] or f"工作表“{first}”" in said


@pytest.mark.parametrize("endpoint", sorted(TAKEN_BACK))
def test_a_column_of_ones_own_is_passed_over_with_a_note(lite_app: Flask, lite_site: Site, endpoint: str) -> None:
    taken = TAKEN_BACK[endpoint]
    desk = desk_of(lite_app, lite_site, taken)
    name, data = desk.download(endpoint)

    def with_remarks(sheets: Sheets) -> None:
        taken.fill(sheets)
        rows = next(iter(sheets.values()))
        for number, row in enumerate(rows):
            row.append("备 注" if number == 0 else "带投影")

    said = desk.upload(taken.upload, name, filled(name, data, with_remarks))[1].text
    assert "“备 注”列用不上，没有读。" in said
    assert "处要改" not in said
