"""The pages of material: handing in, receipts, reviewing, and that nobody reaches what is not theirs."""

import io
import json
import zipfile
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from surveys.acts.actors import COMMAND_LINE, Actor, Role
from surveys.acts.site import Site
from surveys.evidence import materials
from surveys.evidence.materials import Place
from surveys.evidence.pages import reviews as review_pages
from surveys.evidence.uploads.evidence_files import MOST_BYTES
from surveys.office import accounts
from tests import handed_in
from tests.builders import build_unit, dump, unlogged
from tests.sites import NOW
from tests.strict_client import FILE_POLICY, Page, StrictClient
from tests.vote.desk.test_web_polls import assert_in_chinese, download_name
from tests.whole.test_cli import done, refused, run, shown
from tests.worlds import build_accounts, client_of

ROW = "/materials/rows/III-4"
MULTIPART = "multipart/form-data; boundary=x"


@dataclass(frozen=True)
class Office:
    """A unit whose reporter signs in, an admin, and a unit with another reporter."""

    site: Site
    app: Flask
    assessment_id: int
    unit_id: int
    reporter: StrictClient
    admin: StrictClient
    theirs: Actor

    def upload(self, name: str, data: bytes, item: int = 1, row: str = ROW) -> TestResponse:
        form = self.reporter.page(row).form(f"{row}/files")
        fields: dict[str, Any] = form | {"item": str(item), "file": (io.BytesIO(data), name)}
        return self.reporter.post(f"{row}/files", data=fields, content_type="multipart/form-data")

    def refer(self, reference: str, kind: str = "link", row: str = ROW, item: int = 1) -> TestResponse:
        return self.reporter.submit(row, f"{row}/references", item=item, kind=kind, reference=reference)

    def material_id(self) -> int:
        """The newest."""
        with self.site.database.reading() as session:
            actor = Actor(None, "x", Role.REPORTER, unit_id=self.unit_id)
            rows = materials.own_checklist(session, actor).rows
        return max(each.material.id for row in rows for each in row.handed)

    def hand_in_theirs(self) -> int:
        return materials.hand_in_file(
            self.site, NOW, self.theirs, Place("III-4", 1), "别人的.pdf", io.BytesIO(handed_in.PDF + b"x")
        )


@pytest.fixture
def office(lite_app: Flask, lite_site: Site) -> Office:
    assessment_id, unit_id = build_unit(lite_site, "样例局")
    _, other_id = build_unit(lite_site, "另一个局", assessment_id=assessment_id)
    ids, _ = build_accounts(lite_site)
    return Office(
        lite_site,
        lite_app,
        assessment_id,
        unit_id,
        client_of(lite_app, ids[Role.REPORTER]),
        client_of(lite_app, ids[Role.ADMIN]),
        Actor(None, "报送乙", Role.REPORTER, unit_id=other_id),
    )


def test_a_reporter_finds_what_to_hand_in(office: Office) -> None:
    assert office.reporter.get("/home").location == "/materials"
    page = office.reporter.page("/materials")
    for words in ("样例局", "还没有交", "年度报告", "工作分工等相关文件", "没有设截止日期"):
        assert words in page.text
    assert ROW in page.links()
    assert "/materials/report" in page.links()
    assert "/assessments" not in page.links()


def test_a_file_is_handed_in_and_has_a_receipt(office: Office) -> None:
    response = office.upload("..\\报告.pdf", handed_in.PDF)
    assert (response.status_code, response.location) == (302, ROW)
    page = office.reporter.page(ROW)
    assert "已收到，回执号 1" in page.text
    assert "报告.pdf" in page.text
    receipt = office.reporter.page("/materials/1")
    for words in ("第 1 号", "样例局", "III-4 第 1 项", "报告.pdf", "SHA-256", "reporter", "待审核"):
        assert words in receipt.text
    assert office.reporter.page("/materials").text.count("待审核 1 项") == 1


def test_a_download_cannot_run_here(office: Office) -> None:
    office.upload("报告.pdf", handed_in.PDF)
    for client, address in ((office.reporter, "/materials/1/file"), (office.admin, "/reviews/1/file")):
        response = client.get(address)
        assert response.get_data() == handed_in.PDF
        assert response.content_length == len(handed_in.PDF)
        assert response.mimetype == "application/pdf"
        assert download_name(response) == "报告.pdf"
        assert response.headers["Content-Disposition"].startswith("attachment")
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Content-Security-Policy"] == FILE_POLICY


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("报告.pdf", handed_in.EXE, "Windows 程序"),
        ("报告.pdf", b"", "0 字节"),
        ("照片.jpg", handed_in.PNG, "PNG 图片"),
        ("x.docm", handed_in.office(more={"word/vbaProject.bin": b"x"}), "宏"),
        ("<script>.html", b"<script>alert(1)</script>", "网页"),
        ("", handed_in.PDF, "请先选一个文件"),
    ],
)
def test_an_unfit_file_is_refused_in_place(office: Office, name: str, data: bytes, words: str) -> None:
    before = dump(office.site.database)
    response = office.upload(name, data, item=2)
    page = Page(response)
    assert response.status_code == 400
    assert page.heading == "III-4 工作保障"
    card = next(element for element in page.root.iter("section") if element.get("id") == "item-2")
    assert words in "".join(card.itertext())
    assert_in_chinese(page)
    assert dump(office.site.database) == before
    assert not list(office.site.files.folder.glob("??/*"))


def test_a_truncated_upload_keeps_nothing(office: Office) -> None:
    before = dump(office.site.database)
    token = office.reporter.page(ROW).form(f"{ROW}/files")["csrf_token"]
    fields = (("csrf_token", "", token.encode()), ("item", "", b"1"), ("file", '; filename="a.pdf"', handed_in.PDF))
    parts = [
        f'--x\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode() + data + b"\r\n"
        for name, more, data in fields
    ]
    body = b"".join(parts) + b"--x--\r\n"
    for cut in (body[:-20], body[: len(body) // 2]):
        response = office.reporter.post(
            f"{ROW}/files",
            input_stream=io.BytesIO(cut),
            content_type=MULTIPART,
            environ_overrides={"CONTENT_LENGTH": str(len(body))},
        )
        assert response.status_code == 400
    assert dump(office.site.database) == before
    assert not office.site.files.folder.exists()


def test_more_than_the_limit_is_refused_unread(office: Office) -> None:
    response = office.reporter.post(
        f"{ROW}/files",
        input_stream=io.BytesIO(),
        content_type=MULTIPART,
        environ_overrides={"CONTENT_LENGTH": str(MOST_BYTES + 1024 * 1024)},
    )
    assert response.status_code == 413
    assert "50 MB" in Page(response).text


def test_the_annual_report_has_its_place(office: Office) -> None:
    row = "/materials/report"
    assert office.upload("年度报告.docx", handed_in.office(), 0, row).location == row
    assert "年度报告.docx" in office.reporter.page(row).text
    assert "年度报告.docx" in office.admin.page(f"/units/{office.unit_id}/materials/report").text
    assert office.refer("示例报〔2026〕1号", "document", row, 0).location == row


def test_links_and_numbers(office: Office) -> None:
    assert office.refer("https://www.example.cn/a?b=1").location == ROW
    assert office.refer("示例发〔2026〕1号", "document").location == ROW
    page = office.reporter.page(ROW)
    assert "https://www.example.cn/a?b=1" in page.text
    assert not [link for link in page.links() if "example" in link]  # nothing here leads off the site
    response = office.refer("javascript:alert(1)")
    page = Page(response)
    assert response.status_code == 400
    assert "http:// 或 https://" in page.text
    assert 'value="javascript:alert(1)"' in page.html
    assert office.reporter.get("/materials/1/file").status_code == 404


def test_withdrawing(office: Office) -> None:
    office.upload("报告.pdf", handed_in.PDF)
    assert office.reporter.submit(ROW, "/materials/1/withdraw").location == ROW
    assert "已撤回“报告.pdf”" in office.reporter.page(ROW).text
    assert "撤回，不再作为报送材料" in office.reporter.page("/materials/1").text
    for client, address in ((office.reporter, "/materials/1/file"), (office.admin, "/reviews/1/file")):
        assert client.get(address).status_code == 404
    assert "报告.pdf" not in office.admin.page(f"/units/{office.unit_id}/materials/rows/III-4").text


def test_no_address_leads_to_another_unit(office: Office) -> None:
    theirs = office.hand_in_theirs()
    token = office.reporter.page(ROW).form(f"{ROW}/files")["csrf_token"]
    before = unlogged(office.site.database)
    for address in (f"/materials/{theirs}", f"/materials/{theirs}/file", "/materials/rows/III-16", "/materials/rows/x"):
        assert office.reporter.get(address).status_code == 404, address
    assert office.reporter.post(f"/materials/{theirs}/withdraw", data={"csrf_token": token}).status_code == 404
    fields = {"csrf_token": token, "item": "1", "kind": "document", "reference": "1号"}
    for row in ("III-16", "III-2", "x", "..", "III-4%2f.."):
        assert office.reporter.post(f"/materials/rows/{row}/references", data=fields).status_code == 404, row
        data = fields | {"file": (io.BytesIO(handed_in.PDF), "a.pdf")}
        response = office.reporter.post(f"/materials/rows/{row}/files", data=data, content_type="multipart/form-data")
        assert response.status_code == 404, row
    for address in (f"/units/{office.unit_id}/materials", f"/reviews/{theirs}/file", "/assessments/1/materials"):
        assert office.reporter.get(address).status_code == 403, address
    assert "别人的" not in office.reporter.page(ROW).text
    assert unlogged(office.site.database) == before


def test_an_assessor_reaches_the_own_rows_only(office: Office) -> None:
    office.upload("报告.pdf", handed_in.PDF)
    with office.site.database.writing() as session:
        password = accounts.create_account(session, NOW, COMMAND_LINE, "group", Role.ASSESSOR, "考核组")
        other = accounts.create_account(session, NOW, COMMAND_LINE, "lead", Role.ASSESSOR, "市委网信办")
    group, lead = client_of(office.app), client_of(office.app)
    group.submit("/login", name="group", password=password)
    lead.submit("/login", name="lead", password=other)
    row = f"/units/{office.unit_id}/materials/rows/III-4"
    for address in (row, "/reviews/1/file"):
        assert group.get(address).status_code == 200
        assert lead.get(address).status_code == 404
    sheet = f"/units/{office.unit_id}"
    assert {row, "/reviews/1/file"} <= set(group.page(sheet).links())
    assert not {row, "/reviews/1/file"} & set(lead.page(sheet).links())
    token = lead.page("/password").form("/password")["csrf_token"]
    fields = {"csrf_token": token, "verdict": "accepted", "seen": "0"}
    assert lead.post("/reviews/1", data=fields).status_code == 404
    assert "样例局" in group.page(f"/assessments/{office.assessment_id}/materials").text
    assert "没有待审核" in lead.page(f"/assessments/{office.assessment_id}/materials").text
    assert "没有由您审核" in lead.page(f"/units/{office.unit_id}/materials").text
    assert group.get(f"/units/{office.unit_id}/materials.zip").status_code == 403


def test_reviewing(office: Office) -> None:
    office.upload("报告.pdf", handed_in.PDF)
    row = f"/units/{office.unit_id}/materials/rows/III-4"
    response = office.admin.submit(row, "/reviews/1", verdict="rejected", reason="")
    page = Page(response)
    assert response.status_code == 400
    assert "退回须写明理由" in page.text
    for fields in ({}, {"verdict": "burnt"}, {"verdict": "accepted", "seen": "x"}):
        assert office.admin.submit(row, "/reviews/1", **fields).status_code == 400
    stale = office.admin.page(row).form("/reviews/1")
    assert office.admin.post("/reviews/1", data=stale | {"verdict": "more", "reason": "缺 <第 3 页>"}).location == row
    late = office.admin.post("/reviews/1", data=stale | {"verdict": "accepted", "reason": "我的意见"})
    assert late.status_code == 400
    assert "刚才已由别人审核" in Page(late).text
    assert 'value="我的意见"' in Page(late).html
    page = office.reporter.page(ROW)
    assert "缺 <第 3 页>" in page.text
    assert "要求补充" in page.text
    assert "/materials/1/withdraw" not in page.html
    assert office.admin.submit(row, "/reviews/1", verdict="accepted").status_code == 302
    assert "已通过" in office.reporter.page("/materials").text


def test_the_material_stands_beside_the_mark(office: Office) -> None:
    office.upload("报告.pdf", handed_in.PDF)
    page = office.admin.page(f"/units/{office.unit_id}/rows/III-4")
    assert "报告.pdf" in page.text
    assert "/reviews/1/file" in page.links()
    assert "报送的材料" not in office.admin.page(f"/units/{office.unit_id}/rows/III-2").text
    sheet = office.admin.page(f"/units/{office.unit_id}")
    assert "报告.pdf" in sheet.text
    assert "/reviews/1/file" in sheet.links()


def test_the_deadline(office: Office) -> None:
    desk = f"/assessments/{office.assessment_id}/materials"
    assert desk in office.admin.page("/assessments").links()
    assert office.admin.submit(desk, f"{desk}/due", due_on="2020-01-31").location == desk
    assert "2020-01-31（已过" in office.admin.page(desk).text
    assert "仍然可以交，会记为迟交" in office.reporter.page("/materials").text
    office.upload("报告.pdf", handed_in.PDF)
    assert "迟交" in office.reporter.page("/materials/1").text
    assert "迟交 1" in office.admin.page(desk).text
    for value in ("昨天", "1026-01-01", "2026-02-30"):
        response = office.admin.submit(desk, f"{desk}/due", due_on=value)
        assert response.status_code == 400, value
        assert_in_chinese(Page(response))
    assert office.admin.submit(desk, f"{desk}/due", due_on="").status_code == 302
    assert "没有设截止日期" in office.reporter.page("/materials").text
    assert "迟交" not in office.reporter.page("/materials/1").text


def test_a_long_list_is_cut_and_says_so(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(review_pages, "MOST_SHOWN", 1)
    office.upload("报告.pdf", handed_in.PDF)
    office.upload("报告.pdf", handed_in.PDF, 0, "/materials/report")
    assert "还有 1 行没有列出" in office.admin.page(f"/assessments/{office.assessment_id}/materials").text


def test_the_archive_is_downloaded(office: Office) -> None:
    office.upload("报告.pdf", handed_in.PDF)
    address = f"/units/{office.unit_id}/materials.zip"
    assert address in office.admin.page(f"/units/{office.unit_id}/materials").links()
    response = office.admin.get(address)
    assert download_name(response) == "样例局-样例考核-材料.zip"
    with zipfile.ZipFile(io.BytesIO(response.get_data())) as found:
        assert found.namelist() == ["III-4-1-报告.pdf", "目录.xlsx"]


def send_piece(office: Office, offset: int, data: bytes, key: str = "k") -> TestResponse:
    token = office.reporter.page(ROW).form(f"{ROW}/files")["csrf_token"]
    fields = {"csrf_token": token, "key": key, "offset": str(offset), "piece": (io.BytesIO(data), "piece")}
    return office.reporter.post("/materials/pieces", data=fields, content_type="multipart/form-data")


def test_pieces(office: Office) -> None:
    assert send_piece(office, 0, handed_in.PDF[:9]).json == {"size": 9}
    assert send_piece(office, 9, handed_in.PDF[9:]).json == {"size": len(handed_in.PDF)}
    fields = {"item": "1", "part": "k", "part_name": "报告.pdf", "part_size": str(len(handed_in.PDF))}
    assert office.reporter.submit(ROW, f"{ROW}/files", forged=True, **fields).location == ROW
    assert office.reporter.get("/materials/1/file").get_data() == handed_in.PDF
    response = office.reporter.submit(ROW, f"{ROW}/files", forged=True, **fields)
    assert response.status_code == 400
    assert "看看清单里有没有" in Page(response).text
    for size in ("", "-1", "x"):
        wrong = fields | {"part_size": size}
        assert office.reporter.submit(ROW, f"{ROW}/files", forged=True, **wrong).status_code == 400
    for offset, key in ((-1, "k"), (0, ""), (10**12, "k"), (0, "x" * 500)):
        assert send_piece(office, offset, b"x", key).status_code == 400


def test_pieces_need_the_token(office: Office) -> None:
    fields = {"key": "k", "offset": "0", "piece": (io.BytesIO(b"x"), "piece")}
    response = office.reporter.post("/materials/pieces", data=fields, content_type="multipart/form-data")
    assert response.status_code == 400
    assert not office.site.files.folder.exists()


def test_material_from_the_terminal(office: Office) -> None:
    office.upload("报告.pdf", handed_in.PDF)
    found = shown(office.app, "assessment", "materials", office.assessment_id)
    assert [(unit["unit"], unit["handed_in"]) for unit in found["units"]] == [("样例局", 1), ("另一个局", 0)]
    arguments = ("assessment", "materials", office.assessment_id, "--json", "--check", "--clean")
    assert json.loads(done(office.app, *arguments))["damaged"] == []
    (path,) = office.site.files.folder.glob("??/*")
    path.write_bytes(b"changed")
    result = run(office.app, *arguments)
    assert result.exit_code == 1
    assert [each["gone"] for each in json.loads(result.stdout)["damaged"]] == [False]
    assert "内容变了" in result.stderr
    assert "备份" in result.stderr
    assert "没有编号为 9" in refused(office.app, "assessment", "materials", 9)
