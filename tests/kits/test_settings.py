"""The four variables: what is taken, what is refused, and that each refusal says how to set it."""

from datetime import timedelta
from pathlib import Path

import pytest

from surveys.settings import Settings, SettingsError, database_url_of

pytestmark = pytest.mark.both

SECRET = "0123456789abcdef" * 2
REMEDIES = {
    "DATABASE_URL": "请设为 sqlite:////绝对路径/ceping.db 或 postgresql://用户:口令@主机:5432/库名",
    "SECRET_KEY": "请设为一串保密的随机字符：python3 -c 'import secrets; print(secrets.token_hex(32))'",
    "PUBLIC_URL": "请设为参评人手机能打开的网址，如 https://ceping.example.cn",
    "DATA_DIR": "请设为一个可写的文件夹的绝对路径，如 /var/lib/ceping",
}


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {
        "DATABASE_URL": f"sqlite:///{tmp_path}/ceping.db",
        "SECRET_KEY": SECRET,
        "PUBLIC_URL": "https://ceping.example.cn",
        "DATA_DIR": str(tmp_path),
    }


def faults_of(environment: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment(environment)
    return str(caught.value).splitlines()


def test_settings_are_read(environment, tmp_path):
    found = Settings.from_environment(environment)

    assert found.database_url.render_as_string() == f"sqlite+pysqlite:///{tmp_path}/ceping.db"
    assert found.secret_key == SECRET
    assert found.public_url == "https://ceping.example.cn"
    assert found.data_dir == tmp_path


def test_sessions_last_as_long_as_is_set(environment):
    usual = Settings.from_environment(environment)
    assert (usual.session_idle, usual.session_longest) == (timedelta(minutes=30), timedelta(hours=12))

    found = Settings.from_environment(environment | {"SESSION_IDLE_MINUTES": "10", "SESSION_HOURS": "8"})

    assert (found.session_idle, found.session_longest) == (timedelta(minutes=10), timedelta(hours=8))


@pytest.mark.parametrize("value", ["4", "721", "-30", "半小时", "30.5", "٣٠"])
def test_a_session_that_is_no_time_is_refused_with_what_it_may_be(environment, value):
    (fault,) = faults_of(environment | {"SESSION_IDLE_MINUTES": value})

    assert fault == f"SESSION_IDLE_MINUTES 不是 5 至 720 的整数：{value}。请改正，或不设。"


def test_spaces_around_a_setting_do_not_count(environment):
    spaced = {name: f" {value}\n" for name, value in environment.items()}

    assert Settings.from_environment(spaced) == Settings.from_environment(environment)


@pytest.mark.parametrize("name", REMEDIES)
@pytest.mark.parametrize("value", [None, "", " \n"])
def test_a_missing_setting_is_named_with_how_to_set_it(environment, name, value):
    environment[name] = value or ""
    if value is None:
        del environment[name]

    (fault,) = faults_of(environment)

    assert fault.startswith(f"没有设置 {name}（")
    assert fault.endswith(REMEDIES[name])


def test_every_missing_setting_is_named_at_once():
    faults = faults_of({})

    assert [fault.split()[1].split("（")[0] for fault in faults] == list(REMEDIES)


def test_every_malformed_setting_is_named_at_once():
    faults = faults_of(dict.fromkeys(REMEDIES, "x"))

    assert len(faults) == len(REMEDIES)
    for fault, (name, remedy) in zip(faults, REMEDIES.items(), strict=True):
        assert fault.startswith(name)
        assert fault.endswith(remedy)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("ceping.db", "DATABASE_URL 不是数据库地址。"),
        ("/var/lib/ceping.db", "DATABASE_URL 不是数据库地址。"),
        ("postgresql://ceping:kept-secret@db:port/ceping", "DATABASE_URL 不是数据库地址。"),
        ("mysql://ceping:kept-secret@db/ceping", "DATABASE_URL 的数据库类型 mysql 不受支持。"),
    ],
)
def test_a_malformed_database_url_is_refused_and_its_password_not_repeated(text, fault):
    with pytest.raises(SettingsError) as caught:
        database_url_of(text)

    assert str(caught.value) == fault + REMEDIES["DATABASE_URL"]


@pytest.mark.parametrize(
    "text", ["sqlite://", "sqlite:///", "sqlite:///ceping.db", "sqlite:///instance/ceping.db", "sqlite:///:memory:"]
)
def test_sqlite_needs_an_absolute_path(text):
    with pytest.raises(SettingsError, match=r"须是绝对路径.*四条斜线：sqlite:////绝对路径/ceping\.db"):
        database_url_of(text)


@pytest.mark.parametrize(
    ("text", "driver"),
    [
        ("postgresql://ceping@db:5432/ceping", "postgresql+psycopg"),
        ("postgresql+psycopg2://ceping@db:5432/ceping", "postgresql+psycopg"),
        ("sqlite:////var/lib/ceping.db", "sqlite+pysqlite"),
    ],
)
def test_a_database_gets_the_projects_driver(text, driver):
    url = database_url_of(text)

    assert url.drivername == driver
    assert url.render_as_string().partition("://")[2] == text.partition("://")[2]


def test_a_short_secret_key_is_refused_and_not_repeated(environment):
    environment["SECRET_KEY"] = SECRET[1:]

    assert faults_of(environment) == ["SECRET_KEY 太短，至少 32 个字符。" + REMEDIES["SECRET_KEY"]]


@pytest.mark.parametrize(
    ("text", "https"),
    [
        ("https://ceping.example.cn", True),
        ("http://192.168.1.20:8000", False),
        ("http://[::1]:8000", False),
        ("HTTPS://ceping.example.cn", True),
    ],
)
def test_a_public_url_is_taken(environment, text, https):
    environment["PUBLIC_URL"] = text

    found = Settings.from_environment(environment)

    assert found.public_url.lower() == text.lower()
    assert found.https is https


@pytest.mark.parametrize("end", ["/", "//"])
def test_a_slash_at_the_end_of_a_public_url_is_dropped(environment, end):
    environment["PUBLIC_URL"] = f"http://192.168.1.20:8000{end}"

    assert Settings.from_environment(environment).public_url == "http://192.168.1.20:8000"


@pytest.mark.parametrize(
    "text",
    [
        "ceping.example.cn",
        "ceping.example.cn:8000",
        "//ceping.example.cn",
        "ftp://ceping.example.cn",
        "https：//ceping.example.cn",
        "https://",
        "https://:8000",
        "https://ceping.example.cn?a=1",
        "https://ceping.example.cn#a",
        "https://ceping.example.cn/?",
        "https://ceping.example.cn#",
        "https://ceping.example.cn:port",
        "https://ceping.example.cn:99999",
        "https://[::1",
        "https://ceping example.cn",
    ],
)
def test_a_malformed_public_url_is_refused(environment, text):
    environment["PUBLIC_URL"] = text

    assert faults_of(environment) == [f"PUBLIC_URL 不是网址：{text}。{REMEDIES['PUBLIC_URL']}"]


@pytest.mark.parametrize("path", ["/ceping", "/b/", "//b"])
def test_a_path_in_the_public_url_is_refused(environment, path):
    text = f"https://ceping.example.cn{path}"
    environment["PUBLIC_URL"] = text

    assert faults_of(environment) == [f"PUBLIC_URL 只写到主机名和端口，不带路径：{text}。{REMEDIES['PUBLIC_URL']}"]


def test_the_data_folder_is_made(environment, tmp_path):
    environment["DATA_DIR"] = f"{tmp_path}/年度/data"

    assert Settings.from_environment(environment).data_dir.is_dir()


@pytest.mark.parametrize("text", ["data", "./data", "~/data"])
def test_a_relative_data_folder_is_refused(environment, text):
    environment["DATA_DIR"] = text

    assert faults_of(environment) == [f"DATA_DIR 不是绝对路径：{text}。{REMEDIES['DATA_DIR']}"]


def test_a_data_folder_that_is_a_file_is_refused(environment, tmp_path):
    (tmp_path / "file").touch()
    environment["DATA_DIR"] = f"{tmp_path}/file"

    assert faults_of(environment) == [f"DATA_DIR 不能用：{tmp_path}/file（File exists）。{REMEDIES['DATA_DIR']}"]


@pytest.mark.parametrize(
    ("text", "found"),
    [("", {"127.0.0.1", "::1"}), ("10.0.0.5", {"10.0.0.5"}), ("10.0.0.5, 2001:DB8::1", {"10.0.0.5", "2001:db8::1"})],
)
def test_the_proxies_whose_word_is_taken(environment, text, found):
    assert Settings.from_environment(environment | {"TRUSTED_PROXY": text}).trusted_proxies == found


def test_a_proxy_that_is_no_address_is_refused(environment):
    assert faults_of(environment | {"TRUSTED_PROXY": "proxy.example.cn"}) == [
        "TRUSTED_PROXY 不是 IP 地址：proxy.example.cn。请设为前置代理的地址，几个用逗号隔开；代理在本机就不用设。"
    ]
