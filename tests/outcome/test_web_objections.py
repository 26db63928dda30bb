"""The pages of an objection: files, links and numbers with it, by plain forms; and that nobody reaches another's."""

import io
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from surveys.acts.site import Site
from tests import handed_in, seasons
from tests.builders import dump
from tests.outcome.test_web_life import Walk
from tests.seasons import build_season
from tests.strict_client import FILE_POLICY, Page, StrictClient
from tests.vote.desk.test_web_polls import download_name


@pytest.fixture
def walk(lite_app: Flask, lite_site: Site, monkeypatch: pytest.MonkeyPatch) -> Walk:
    monkeypatch.setattr(Site, "now", lambda _self: seasons.NOW)
    return Walk(lite_app, build_season(lite_site).appeal())


def row_of(walk: Walk) -> str:
    return f"{walk.own}/rows/III-4"


def send(walk: Walk, action: str, name: str, data: bytes, **fields: Any) -> TestResponse:
    """A form of the row's page with a file, as a browser without script sends it."""
    form = walk.reporter.page(row_of(walk)).form(action) | fields | {"file": (io.BytesIO(data), name)}
    return walk.reporter.post(action, data=form, content_type="multipart/form-data")


def answer_link(walk: Walk) -> str:
    return next(link for link in walk.admin.page(walk.life).links() if "/objections/" in link)


def test_an_objection_with_a_file_by_one_form(walk: Walk) -> None:
    row = row_of(walk)
    response = send(
        walk, row, "依据.pdf", handed_in.PDF, reason="材料已按时报送", kind="document", reference="示例〔1〕"
    )
    assert (response.status_code, response.location) == (302, row)
    page = walk.reporter.page(row)
    for words in ("材料已按时报送", "依据.pdf", "示例〔1〕", "再加一个文件", "回执 1"):
        assert words in page.text
    assert "提出申诉" not in page.text, "one waits already"
    assert "依据 2 份：依据.pdf、示例〔1〕" in walk.reporter.page(walk.own).text
    receipt = walk.reporter.page("/materials/1")
    assert "第 1 号申诉" in receipt.text
    assert "待审核" not in receipt.text
    office = walk.admin.page(answer_link(walk))
    assert "单位交的依据" in office.text
    link = next(link for link in office.links() if "/objection-files/" in link)
    for client, address in ((walk.admin, link), (walk.reporter, "/materials/1/file")):
        file = client.get(address)
        assert file.get_data() == handed_in.PDF
        assert download_name(file) == "依据.pdf"
        assert file.headers["Content-Disposition"].startswith("attachment")
        assert file.headers["Content-Security-Policy"] == FILE_POLICY


@pytest.mark.parametrize(
    ("name", "data", "fields", "words"),
    [
        ("依据.pdf", handed_in.EXE, {"reason": "理由"}, "Windows 程序"),
        ("依据.pdf", handed_in.PDF, {"reason": " "}, "理由"),
        ("依据.pdf", handed_in.PDF, {"reason": "理由", "reference": "javascript:1"}, "http"),
        ("依据.html", b"<script>", {"reason": "理由"}, "html"),
    ],
)
def test_a_fault_keeps_what_was_typed_and_changes_nothing(
    walk: Walk, name: str, data: bytes, fields: dict[str, str], words: str
) -> None:
    before = dump(walk.site.database)
    response = send(walk, row_of(walk), name, data, **fields)
    assert response.status_code == 400
    page = Page(response)
    assert words in page.text
    assert page.form(row_of(walk))["reason"] == fields["reason"]
    assert dump(walk.site.database) == before


def test_more_is_added_and_taken_back_until_the_answer(walk: Walk) -> None:
    row = row_of(walk)
    walk.reporter.submit(row, reason="材料已按时报送")
    objection = f"{walk.own}/objections/1"
    assert send(walk, f"{objection}/files", "补.png", handed_in.PNG).location == row
    refused = send(walk, f"{objection}/files", "补.png", handed_in.EXE)
    assert refused.status_code == 400
    assert "补.png" in Page(refused).text
    refused = walk.reporter.submit(row, f"{objection}/references", kind="link", reference="ftp://a")
    assert refused.status_code == 400
    assert Page(refused).form(f"{objection}/references")["reference"] == "ftp://a"
    assert walk.reporter.submit(row, f"{objection}/references", reference="https://www.example.cn/").location == row
    page = walk.reporter.page(row)
    assert "www.example.cn" in page.text
    withdraw = f"{walk.own}/objection-files/2/withdraw"
    assert walk.reporter.submit(row, withdraw).location == row
    walk.reporter.page(row)  # the flash that names it
    kept = walk.reporter.page(row)
    assert "www.example.cn" not in kept.text
    token = kept.form(f"{objection}/files")
    walk.admin.submit(answer_link(walk), verdict="no", words="查无此件")
    answered = walk.reporter.page(row)
    assert "补.png" in answered.text
    assert not [form for form in answered.root.iter("form") if "/objections/" in form.get("action", "")]
    late = walk.reporter.post(
        f"{objection}/files",
        data=token | {"file": (io.BytesIO(handed_in.PDF), "a.pdf")},
        content_type="multipart/form-data",
    )
    assert late.status_code == 409
    assert "已经答复" in Page(late).text


def test_in_pieces_a_broken_upload_goes_on(walk: Walk) -> None:
    row = row_of(walk)
    token = walk.reporter.page(row).form(row)["csrf_token"]
    half = len(handed_in.PDF) // 2

    def piece(offset: int, data: bytes) -> Any:
        fields = {"csrf_token": token, "key": "k", "offset": str(offset), "piece": (io.BytesIO(data), "piece")}
        return walk.reporter.post("/materials/pieces", data=fields, content_type="multipart/form-data").json

    assert piece(0, handed_in.PDF[:half]) == {"size": half}
    sent = {"reason": "理由", "part": "k", "part_name": "依据.pdf", "part_size": str(len(handed_in.PDF))}
    assert walk.reporter.submit(row, forged=True, **sent).status_code == 409
    assert piece(half, handed_in.PDF[half:]) == {"size": len(handed_in.PDF)}
    assert walk.reporter.submit(row, forged=True, **sent).status_code == 302
    assert "依据.pdf" in walk.reporter.page(row).text


def test_another_units_objection_is_not_there(walk: Walk) -> None:
    send(walk, row_of(walk), "依据.pdf", handed_in.PDF, reason="理由")
    other: StrictClient = walk.client(walk.season.other)
    token = other.page(f"/own-unit/{walk.season.second}/rows/III-4").form(f"/own-unit/{walk.season.second}/rows/III-4")
    before = dump(walk.site.database)
    second = f"/own-unit/{walk.season.second}"
    for address in (
        f"{walk.own}/objections/1/files",
        f"{second}/objections/1/files",
        f"{walk.own}/objections/1/references",
        f"{second}/objections/1/references",
        f"{walk.own}/objection-files/1/withdraw",
        f"{second}/objection-files/1/withdraw",
        "/materials/1/withdraw",
    ):
        assert other.post(address, data=token | {"reference": "https://a.cn"}).status_code == 404, address
    for address in ("/materials/1", "/materials/1/file"):
        assert other.get(address).status_code == 404
    assert walk.admin.get(f"/units/{walk.season.second}/objection-files/1").status_code == 404
    assert walk.admin.get("/reviews/1/file").status_code == 404
    assert dump(walk.site.database) == before
