"""Importing a roster through its pages, and what an upload may be."""

import io
import re
import socket
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask, request
from werkzeug.test import TestResponse

from surveys.acts import identities
from surveys.acts.actors import COMMAND_LINE, Role
from surveys.acts.site import Site
from surveys.intake.tables import MOST_BYTES, read_tables
from surveys.office import accounts
from surveys.season import assessments
from surveys.settings import database_url_of
from surveys.web import opened_for, uploads
from surveys.web.access import public
from tests.builders import build_unit, dump
from tests.servers import FORM, Server, running
from tests.sites import NOW, unguarded
from tests.strict_client import Page, StrictClient
from tests.vote.desk.test_web_polls import assert_in_chinese
from tests.worlds import Shown, build_accounts, client_of

MULTIPART = "multipart/form-data; boundary=x"
DATA = Path(__file__).parents[1] / "data"
NEW = "单位,类别,体系,姓名,职务\n样例厅,市直单位,municipal,张三,厅长\n样例局,市直单位,municipal,样例1,新职务\n"
FAULTY = "单位,类别,体系,姓名,职务\n样例厅,,municipal,=1+1,厅长\n,市直单位,municipal,<b>李四</b>,局长\n"


@pytest.fixture
def admin(lite_app: Flask, lite_site: Site) -> StrictClient:
    ids, _ = build_accounts(lite_site)
    return client_of(lite_app, ids[Role.ADMIN])


@pytest.fixture
def address(lite_site: Site) -> str:
    assessment_id, _ = build_unit(lite_site)
    return f"/assessments/{assessment_id}/roster"


def _multipart(fields: dict[str, Any], data: bytes, name: str = "a.csv") -> bytes:
    head = 'Content-Disposition: form-data; name="{}"{}\r\n\r\n'
    parts = [
        *(head.format(field, "").encode() + str(value).encode() for field, value in fields.items()),
        head.format("file", f'; filename="{name}"').encode() + data,
    ]
    return b"".join(b"--x\r\n" + part + b"\r\n" for part in parts) + b"--x--\r\n"


def posted(
    client: StrictClient, address: str, stream: io.BytesIO, length: int, kind: str = MULTIPART, **environ: Any
) -> TestResponse:
    """A body of which the header says this length."""
    overrides = {"CONTENT_LENGTH": str(length), **environ}
    return client.post(address, input_stream=stream, content_type=kind, environ_overrides=overrides)


def sent(client: StrictClient, address: str, data: str | bytes, name: str = "名单.csv") -> TestResponse:
    fields = client.page(address).form(address)
    body = _multipart(fields, data.encode() if isinstance(data, str) else data, name)
    return posted(client, address, io.BytesIO(body), len(body))


def names(site: Site) -> list[str]:
    with site.database.reading() as session:
        (line,) = assessments.list_assessments(session)
        return [unit.name for unit in line.units]


def test_a_file_is_uploaded_seen_and_confirmed(lite_site: Site, admin: StrictClient, address: str) -> None:
    assert address in admin.page("/assessments").links()
    preview = sent(admin, address, NEW).location
    assert preview is not None
    page = admin.page(preview)
    for words in ("新增单位", "样例厅", "张三", "职务1", "新职务", "移除", "样例2", "名单.csv"):
        assert words in page.text, words
    assert names(lite_site) == ["样例局"]
    done = admin.submit(preview)
    assert done.location == "/assessments"
    assert "新增 1 个单位，修改 1 个单位" in admin.page("/assessments").text
    assert names(lite_site) == ["样例局", "样例厅"]
    assert admin.get(preview).status_code == 404


def test_the_samples_can_be_uploaded(lite_site: Site, admin: StrictClient, address: str) -> None:
    for name in ("roster-messy.csv", "roster-merged.xlsx"):
        page = admin.page(str(sent(admin, address, (DATA / name).read_bytes(), name).location))
        assert "请留意" in page.text
    assert "工作表“去年”是隐藏的，没有读" in page.text


def test_faults_are_shown_with_place_value_and_remedy(lite_site: Site, admin: StrictClient, address: str) -> None:
    before = dump(lite_site.database)
    response = sent(admin, address, FAULTY, "名单<b>.csv")
    page = Page(response)
    assert response.status_code == 400
    assert_in_chinese(page)
    for words in ("有 3 处要改", "第 2 行 B 列（类别）", "=1+1", "第 3 行 A 列（单位）", "什么都没有导入"):
        assert words in page.text, words
    assert "<b>" not in page.html
    assert dump(lite_site.database) == before


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (b"", "名单.xlsx", "空的"),
        (b"%PDF-1.7", "名单.xlsx", "PDF"),
        (b"x", "名单.docx", "不认识"),
        (b"x", "", "请先选一个文件"),
        (b"a" * (MOST_BYTES + 1), "名单.csv", "10 MB"),
    ],
)
def test_no_table_is_refused_in_place(
    lite_site: Site, admin: StrictClient, address: str, data: bytes, name: str, words: str
) -> None:
    before = dump(lite_site.database)
    response = sent(admin, address, data, name)
    page = Page(response)
    assert response.status_code == 400
    assert words in page.text
    assert page.heading == "导入名单"
    assert_in_chinese(page)
    assert dump(lite_site.database) == before


def test_a_stale_preview_is_shown_anew(lite_site: Site, admin: StrictClient, address: str) -> None:
    preview = str(sent(admin, address, NEW).location)
    form = admin.page(preview).form(preview)
    build_unit(lite_site, "样例厅", assessment_id=int(address.split("/")[2]))
    response = admin.post(preview, data=form)
    page = Page(response)
    assert response.status_code == 409
    assert "请看新的预览" in page.text
    assert names(lite_site) == ["样例局", "样例厅"]
    assert admin.post(preview, data=page.form(preview)).status_code == 302


def test_a_preview_without_its_fingerprint_is_refused(admin: StrictClient, address: str) -> None:
    preview = str(sent(admin, address, NEW).location)
    form = admin.page(preview).form(preview)
    for shown in ({"shown": ""}, {"shown": "0" * 64}):
        assert admin.post(preview, data=form | shown).status_code in (400, 409)


def test_nothing_to_change_offers_no_button(admin: StrictClient, address: str) -> None:
    data = admin.get(f"{address}.xlsx").get_data()
    page = admin.page(str(sent(admin, address, data, "名单.xlsx").location))
    assert "没有要导入的" in page.text
    assert "确认导入" not in page.text


def test_a_preview_belongs_to_who_uploaded_it(
    lite_app: Flask, lite_site: Site, admin: StrictClient, address: str
) -> None:
    preview = str(sent(admin, address, NEW).location)
    with lite_site.database.writing() as session:
        password = accounts.create_account(session, NOW, COMMAND_LINE, "another", Role.ADMIN)
    other = client_of(lite_app)
    other.submit("/login", name="another", password=password)
    assert other.get(preview).status_code == 404


def test_downloads(admin: StrictClient, address: str, lite_site: Site) -> None:
    current, book, text = (admin.get(address + end) for end in (".xlsx", "-template.xlsx", "-template.csv"))
    assert [table.name for table in read_tables("a.xlsx", current.get_data())] == ["单位", "领导"]
    assert "样例甲" in str(read_tables("a.xlsx", book.get_data()))
    assert text.get_data().startswith(b"\xef\xbb\xbf")
    for response in (current, book, text):
        assert response.headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize("role", [None, *Role])
def test_only_an_admin_finds_the_way(shown: Shown, role: Role | None) -> None:
    if role in (Role.REPORTER, Role.SYSTEM, Role.AUDITOR, Role.READER):
        assert shown.client(role).get("/assessments").status_code == 302, "it lists every unit"
    elif role is not None:
        found = any(link.endswith("/roster") for link in shown.client(role).page("/assessments").links())
        assert found is (role is Role.ADMIN)


class _NeverRead(io.BytesIO):
    def read(self, *_arguments: Any) -> bytes:
        raise AssertionError("read")

    readline = readinto = read  # type: ignore[assignment]


@pytest.mark.parametrize("role", [Role.ORGANIZER, Role.ASSESSOR])
def test_who_may_not_upload_is_refused_unread(lite_app: Flask, lite_site: Site, address: str, role: Role) -> None:
    ids, _ = build_accounts(lite_site)
    response = posted(client_of(lite_app, ids[role]), address, _NeverRead(), 1_000_000)
    assert response.status_code == 403


def test_of_somebody_unknown_only_so_much_is_read_as_says_whose_form_it_is(lite_app: Flask, address: str) -> None:
    body = io.BytesIO(bytes(1_000_000))
    assert posted(client_of(lite_app), address, body, 1_000_000).status_code == 302
    assert body.tell() == uploads.HEAD_BYTES


def test_too_large_a_body_is_refused_unread(admin: StrictClient, address: str) -> None:
    for length in (200 * uploads.MEGABYTE, 10**15):
        response = posted(admin, address, _NeverRead(), length)
        assert response.status_code == 413
        assert "这里一次最多收 10 MB" in Page(response).text


def test_other_pages_keep_their_limit(admin: StrictClient) -> None:
    response = posted(admin, "/assessments/new", _NeverRead(), 300_000)
    assert response.status_code == 413
    assert "这里一次最多收 256 KB" in Page(response).text


@pytest.mark.parametrize("terminated", [False, True])
def test_a_body_cut_short_is_refused(lite_site: Site, admin: StrictClient, address: str, terminated: bool) -> None:
    """Behind gunicorn (`terminated`) a body that ends early looks whole."""
    body = _multipart(admin.page(address).form(address), NEW.encode())
    before = dump(lite_site.database)
    environ = {"wsgi.input_terminated": True} if terminated else {}
    for cut in (body[:-1], body[: len(body) // 2], body[:10], b""):
        response = posted(admin, address, io.BytesIO(cut), len(body), **environ)
        assert response.status_code == 400, len(cut)
    assert dump(lite_site.database) == before
    assert posted(admin, address, io.BytesIO(body), len(body), **environ).status_code == 302


def test_a_body_of_another_kind_is_refused(admin: StrictClient, address: str) -> None:
    for kind in ("application/json", "text/csv", "x", "application/x-www-form-urlencoded", "multipart/form-data"):
        assert admin.post(address, data=b"{}" * 200_000, content_type=kind).status_code in (400, 413), kind


def test_large_files_are_spooled_to_disk(lite_site: Site) -> None:
    """Views to come take 50 MB, which must not stand in memory."""
    seen: dict[str, Any] = {}

    @public
    @uploads.takes_upload(60 * uploads.MEGABYTE)
    def take() -> str:
        file = request.files["file"]
        seen["rolled"] = getattr(file.stream, "_rolled", True)
        seen["size"] = file.stream.seek(0, 2)
        return ""

    app = unguarded(lite_site)
    app.add_url_rule("/throw-away", view_func=take, methods=["POST"])
    body = _multipart({}, bytes(20 * uploads.MEGABYTE))
    overrides = {"CONTENT_LENGTH": str(len(body))}
    response = app.test_client().post(
        "/throw-away", input_stream=io.BytesIO(body), content_type=MULTIPART, environ_overrides=overrides
    )
    assert response.status_code == 200
    assert seen == {"rolled": True, "size": 20 * uploads.MEGABYTE}


def test_a_form_with_a_file_is_read_by_an_interpreter_that_skips_assertions(lite_app: Flask) -> None:
    source = Path(uploads.__file__)
    optimized: dict[str, Any] = {"__name__": "optimized"}
    exec(compile(source.read_text(encoding="utf-8"), source, "exec", optimize=1), optimized)
    body = _multipart({"reason": "依据"}, b"a file")
    with lite_app.test_request_context(
        "/", method="POST", input_stream=io.BytesIO(body), content_type=MULTIPART, content_length=len(body)
    ):
        optimized["receive"](uploads.MEGABYTE)
        assert (request.form["reason"], request.files["file"].read()) == ("依据", b"a file")


@pytest.mark.slow
def test_a_real_server_refuses_200_mb_at_once(tmp_path: Path) -> None:
    with running(database_url_of(f"sqlite:///{tmp_path / 'real.db'}"), tmp_path) as server:
        assessment_id, _ = build_unit(server.site)
        _, passwords = build_accounts(server.site)
        token, cookie = _sign_in(server, passwords[Role.ADMIN])
        head = (
            f"POST /assessments/{assessment_id}/roster HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n"
            f"Content-Type: {MULTIPART}\r\nContent-Length: {{}}\r\nConnection: close\r\n\r\n"
        )
        started = time.monotonic()
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
            connection.sendall(head.format(200 * uploads.MEGABYTE).encode())
            answer = connection.recv(65536)
        assert b" 413 " in answer.split(b"\r\n", 1)[0]
        assert time.monotonic() - started < 5
        with server.site.database.reading() as session:
            about = opened_for.words_of(identities.of_assessment(session, assessment_id))
        body = _multipart({"csrf_token": token, opened_for.FIELD: about}, NEW.encode())
        assert server.send(head.format(len(body)).encode() + body[:-20]) == b"", "what never came whole is no request"
        large = _multipart({"csrf_token": token, opened_for.FIELD: about}, NEW.encode() * 10_000)
        assert b" 400 " in server.send(head.format(len(large)).encode() + large[:-20]).split(b"\r\n", 1)[0]
        whole = server.send(head.format(len(body)).encode() + body)
        assert b" 302 " in whole.split(b"\r\n", 1)[0]


def _sign_in(server: Server, password: str) -> tuple[str, str]:
    """(a form's token, the cookie) of the admin."""

    def ask(method: str, path: str, cookie: str, body: str | None = None) -> tuple[str, str]:
        connection = HTTPConnection("127.0.0.1", server.port, timeout=20)
        headers = {"Cookie": cookie} | (FORM if body else {})
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        text = response.read().decode()
        given = next((each for each in response.msg.get_all("Set-Cookie", []) if each.startswith("ceping=")), cookie)
        connection.close()
        found = re.search(r'name="csrf_token"[^>]*value="([^"]*)"', text)
        return (found.group(1) if found else ""), given.split(";")[0]

    token, cookie = ask("GET", "/login", "")
    _, cookie = ask("POST", "/login", cookie, urlencode({"csrf_token": token, "name": "admin", "password": password}))
    return ask("GET", "/password", cookie)
