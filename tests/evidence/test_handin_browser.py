"""A reporter's browser hands in files: with progress, over a broken network, without script; the server's memory."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route

from surveys.acts.actors import Role
from tests import handed_in
from tests.builders import build_unit
from tests.phones import NO_SCROLL, Watch
from tests.servers import Server
from tests.worlds import build_accounts

pytestmark = pytest.mark.slow

MEGABYTE = 1024 * 1024
ROW = "/materials/rows/III-4"


@pytest.fixture(scope="module")
def passwords(server: Server) -> dict[Role, str]:
    build_unit(server.site)
    return dict(build_accounts(server.site)[1])


def signed_in(context: BrowserContext, server: Server, passwords: dict[Role, str]) -> Page:
    context.set_default_timeout(30_000)
    page = context.new_page()
    page.goto(f"{server.url}/login")
    page.fill("#name", "reporter")
    page.fill("#password", passwords[Role.REPORTER])
    page.click("main button")
    page.get_by_role("heading", name="材料报送").wait_for()
    return page


@pytest.fixture
def office(browser: Browser, server: Server, passwords: dict[Role, str]) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="zh-CN")
    yield signed_in(context, server, passwords)
    context.close()


def large(folder: Path, name: str, size: int, seed: bytes = b"x") -> tuple[Path, str]:
    """(a PDF of this size, its digest)."""
    path = folder / name
    path.write_bytes(handed_in.PDF + seed * (size - len(handed_in.PDF)))
    return path, hashlib.sha256(path.read_bytes()).hexdigest()


def send(page: Page, path: Path, item: int = 1) -> None:
    page.set_input_files(f"#file-{item}", path)
    page.click(f"#item-{item} .handin button")


def stored(server: Server, digest: str) -> bool:
    return server.site.files.is_whole(digest)


def test_a_large_file_shows_how_far_it_is(office: Page, server: Server, tmp_path: Path) -> None:
    watch = Watch(office)
    office.goto(server.url + ROW)
    asked: list[Route] = []

    def hold(route: Route) -> None:
        asked.append(route)
        if len(asked) != 3:
            route.continue_()

    office.route("**/materials/pieces", hold)
    path, digest = large(tmp_path, "大文件.pdf", 8 * MEGABYTE)
    send(office, path)
    while len(asked) < 3:
        office.wait_for_timeout(20)
    assert office.locator("progress").evaluate("bar => bar.value") == 50
    assert "已传 50%" in office.locator("[role=status]").inner_text()
    assert office.locator("#item-1 .handin button").is_disabled()
    assert office.locator("#file-1").is_disabled(), "it shows the file that is being sent"
    asked[2].continue_()
    office.get_by_text("已收到，回执号").wait_for()
    assert office.get_by_role("link", name="大文件.pdf", exact=True).count() == 1
    assert len(asked) == 4
    assert stored(server, digest)
    assert not list((server.site.files.folder / "parts").glob("*/*"))
    assert not watch.complaints


def test_a_broken_network_is_gone_on_with(office: Page, server: Server, tmp_path: Path) -> None:
    office.goto(server.url + ROW)
    asked: list[int] = []

    def breaks(route: Route) -> None:
        asked.append(len(asked))
        if len(asked) in (2, 3):
            route.abort("connectionreset")
        elif len(asked) == 5:  # the piece arrives, its answer does not
            route.fetch()
            route.abort("connectionreset")
        else:
            route.continue_()

    office.route("**/materials/pieces", breaks)
    path, digest = large(tmp_path, "断网.pdf", 7 * MEGABYTE, b"y")
    send(office, path, 2)
    office.get_by_text("网络断了").wait_for()
    office.get_by_text("已收到，回执号").wait_for()
    assert stored(server, digest)


def test_an_upload_is_taken_up_again_after_the_page_was_closed(office: Page, server: Server, tmp_path: Path) -> None:
    office.goto(server.url + ROW)
    sizes: list[int] = []

    def count(route: Route) -> None:
        sizes.append(len(route.request.post_data_buffer or b""))
        if len(sizes) == 3:
            route.abort("connectionreset")
        else:
            route.continue_()

    office.route("**/materials/pieces", count)
    path, digest = large(tmp_path, "关页.pdf", 9 * MEGABYTE, b"z")
    send(office, path)
    office.get_by_text("网络断了").wait_for()
    office.goto(server.url + ROW)
    send(office, path)
    office.get_by_text("已收到，回执号").wait_for()
    assert len(sizes) == 3 + 1 + 3  # the first piece is sent again; its answer says that two are there
    assert stored(server, digest)


def test_when_the_session_has_ended_the_file_is_asked_for_again(
    office: Page, server: Server, passwords: dict[Role, str], tmp_path: Path
) -> None:
    office.goto(server.url + ROW)
    path, digest = large(tmp_path, "过期.pdf", 5 * MEGABYTE, b"z")

    office.context.clear_cookies()
    send(office, path, 2)
    office.get_by_role("heading", name="登录已过期，您填的还在").wait_for()
    office.fill("#name", "reporter")
    office.fill("#password", passwords[Role.REPORTER])
    office.click("main button")
    office.get_by_label("文件“过期.pdf”要再选一次").set_input_files(path)
    office.get_by_role("button", name="提交", exact=True).click()
    office.get_by_text("已收到，回执号").wait_for()
    assert stored(server, digest)


def test_a_wrong_file_is_refused_where_it_was_chosen(office: Page, server: Server, tmp_path: Path) -> None:
    office.goto(server.url + ROW)
    path = tmp_path / "假的.pdf"
    path.write_bytes(handed_in.EXE)
    send(office, path, 3)
    office.locator("#item-3 .fault").wait_for()
    assert "Windows 程序" in office.locator("#item-3 .fault").inner_text()
    assert office.locator("#item-3 .fault").bounding_box()["y"] < 900  # type: ignore[index]


def test_too_large_a_file_is_said_before_it_is_sent(office: Page, server: Server, tmp_path: Path) -> None:
    office.goto(server.url + ROW)
    path = tmp_path / "太大.pdf"
    with path.open("wb") as target:
        target.truncate(50 * MEGABYTE + 1)
    asked: list[str] = []
    office.on("request", lambda request: asked.append(request.method))
    send(office, path)
    assert "50 MB" in office.eval_on_selector("#file-1", "input => input.validationMessage")
    assert "POST" not in asked


def test_without_script_on_a_phone(
    browser: Browser, server: Server, passwords: dict[Role, str], tmp_path: Path
) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, java_script_enabled=False, locale="zh-CN")
    page = signed_in(context, server, passwords)
    page.goto(server.url + ROW)
    path, digest = large(tmp_path, "无脚本.pdf", MEGABYTE, b"w")
    send(page, path)
    page.get_by_text("已收到，回执号").wait_for()
    assert stored(server, digest)
    context.close()


@pytest.mark.parametrize("address", ["/materials", ROW, "/materials/report", "/materials/1"])
def test_pages_fit_a_phone(office: Page, server: Server, address: str) -> None:
    office.set_viewport_size({"width": 360, "height": 740})
    office.goto(server.url + address)
    assert office.evaluate(NO_SCROLL)


def test_50_mb_do_not_stand_in_the_server_s_memory(
    browser: Browser, server: Server, passwords: dict[Role, str], tmp_path: Path
) -> None:
    """Sent whole, as a browser without script does: the harder way."""
    context = browser.new_context(java_script_enabled=False, locale="zh-CN")
    page = signed_in(context, server, passwords)
    page.goto(server.url + ROW)
    before = _peaks()
    path, digest = large(tmp_path, "最大.pdf", 50 * MEGABYTE, b"v")
    send(page, path)
    page.get_by_text("已收到，回执号").wait_for()
    assert stored(server, digest)
    after = _peaks()
    context.close()
    assert before
    grown = {pid: after[pid] - before[pid] for pid in before}
    assert max(grown.values()) < 30 * MEGABYTE, grown


def _peaks() -> dict[int, int]:
    """Peak memory (VmHWM), in bytes, of the server's processes: children of this one, and theirs."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                status = dict(line.split(":", 1) for line in (entry / "status").read_text().splitlines() if ":" in line)
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if b"gunicorn" in command:
                parents[int(entry.name)] = (int(status["PPid"]), int(status["VmHWM"].split()[0]) * 1024)
    own = {pid for pid, (parent, _) in parents.items() if parent == os.getpid()}
    return {pid: peak for pid, (parent, peak) in parents.items() if parent in own}
