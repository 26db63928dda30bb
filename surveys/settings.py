"""What the site is told from outside: environment variables, read and checked once at start."""

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TypeVar
from urllib.parse import parse_qs, urlencode, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from surveys.private_files import OpenToOthers, keep_private

DRIVERS = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg"}
SECRET_KEY_LENGTH = 32
TIME_ZONE = "Asia/Shanghai"
TRUSTED_PROXY = "127.0.0.1,::1"
THREADS = 5
MOST_THREADS = 200
SESSION_IDLE_MINUTES = 30
SESSION_HOURS = 12
_HOSTS = re.compile(r"(postgresql(?:\+psycopg)?://(?:[^/?#]*@)?)([^/?#@]*,[^/?#@]*)(/[^?#]*)?(?:\?(.*))?")

Value = TypeVar("Value")


class SettingsError(Exception):
    """A setting is missing or malformed; the text says which one and how to set it."""


@dataclass(frozen=True)
class Settings:
    """`public_url` has no slash at its end; `data_dir` exists; times are shown in `time_zone`.

    `trusted_proxies`: whose word on where a request came from is taken. `threads`: that use the database at a time.
    `session_idle`, `session_longest`: after how long without use, and in any case, somebody has to sign in again.
    `audit_syslog`: where each entry of the audit log is sent, too; empty: nowhere.
    `alarm_webhook`, `alarm_mail`: where alarms go, an address that takes JSON and a mail server with from and to.
    """

    database_url: URL
    secret_key: str
    public_url: str
    data_dir: Path
    time_zone: ZoneInfo = field(default_factory=lambda: ZoneInfo(TIME_ZONE))
    trusted_proxies: frozenset[str] = field(default_factory=lambda: _proxies(""))
    threads: int = THREADS
    session_idle: timedelta = timedelta(minutes=SESSION_IDLE_MINUTES)
    session_longest: timedelta = timedelta(hours=SESSION_HOURS)
    audit_syslog: str = ""
    alarm_webhook: str = ""
    alarm_mail: str = ""

    @property
    def https(self) -> bool:
        return self.public_url.startswith("https://")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Reads the variables; the first four are required.

        Raises SettingsError, naming every fault at once.
        """
        faults: list[str] = []

        def take(name: str, read: Callable[[str], Value]) -> Value | None:
            try:
                return read(environment.get(name, "").strip())
            except SettingsError as error:
                faults.append(str(error))
                return None

        database_url = take("DATABASE_URL", database_url_of)
        secret_key = take("SECRET_KEY", _secret_key)
        public_url = take("PUBLIC_URL", _public_url)
        data_dir = take("DATA_DIR", _data_dir)
        time_zone = take("TIME_ZONE", _time_zone)
        proxies = take("TRUSTED_PROXY", _proxies)
        threads = take("THREADS", _threads)
        syslog = take("AUDIT_SYSLOG", _syslog)
        webhook, mail = take("ALARM_WEBHOOK", _webhook), take("ALARM_MAIL", _mail)
        idle, longest = take("SESSION_IDLE_MINUTES", _idle), take("SESSION_HOURS", _longest)
        if database_url is None or secret_key is None or public_url is None or data_dir is None or time_zone is None:
            raise SettingsError("\n".join(faults))
        if proxies is None or threads is None or idle is None or longest is None or syslog is None:
            raise SettingsError("\n".join(faults))
        if webhook is None or mail is None:
            raise SettingsError("\n".join(faults))
        _keep_private(data_dir, database_url)
        first = (database_url, secret_key, public_url, data_dir, time_zone, proxies, threads, idle, longest)
        return cls(*first, syslog, webhook, mail)


def database_url_of(text: str) -> URL:
    """A database address with the driver this project uses. Raises SettingsError."""
    remedy = "请设为 sqlite:////绝对路径/ceping.db 或 postgresql://用户:口令@主机:5432/库名"
    if not text:
        raise SettingsError(f"没有设置 DATABASE_URL（数据库地址）。{remedy}")
    try:
        url = make_url(_several_hosts(text))
    except (ArgumentError, ValueError):
        raise SettingsError(f"DATABASE_URL 不是数据库地址。{remedy}") from None
    driver = DRIVERS.get(url.get_backend_name())
    if driver is None:
        raise SettingsError(f"DATABASE_URL 的数据库类型 {url.get_backend_name()} 不受支持。{remedy}")
    if driver.startswith("sqlite") and not Path(url.database or "").is_absolute():
        raise SettingsError(
            "DATABASE_URL 的 SQLite 文件须是绝对路径，sqlite: 后面有四条斜线：sqlite:////绝对路径/ceping.db"
        )
    return url.set(drivername=driver)


def _several_hosts(text: str) -> str:
    """The address with its hosts in the query, where there are several with commas between, as in libpq's manual. Of
    them the one is wanted that takes votes."""
    found = _HOSTS.fullmatch(text)
    if found is None:
        return text
    start, hosts, path, query = found.groups()
    pairs = [host.rpartition(":") if ":" in host else (host, "", "5432") for host in hosts.split(",")]
    told = urlencode([("host", ",".join(pair[0] for pair in pairs)), ("port", ",".join(pair[2] for pair in pairs))])
    wanted = "" if query and "target_session_attrs=" in query else "&target_session_attrs=read-write"
    return f"{start}{path or ''}?{told}{wanted}" + (f"&{query}" if query else "")


def _secret_key(text: str) -> str:
    remedy = "请设为一串保密的随机字符：python3 -c 'import secrets; print(secrets.token_hex(32))'"
    if not text:
        raise SettingsError(f"没有设置 SECRET_KEY（签名密钥）。{remedy}")
    if len(text) < SECRET_KEY_LENGTH:
        raise SettingsError(f"SECRET_KEY 太短，至少 {SECRET_KEY_LENGTH} 个字符。{remedy}")
    return text


def _public_url(text: str) -> str:
    remedy = "请设为参评人手机能打开的网址，如 https://ceping.example.cn"
    if not text:
        raise SettingsError(f"没有设置 PUBLIC_URL（印在二维码里的网址）。{remedy}")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise SettingsError(f"PUBLIC_URL 不是网址：{text}。{remedy}") from None
    if parts.scheme not in ("http", "https") or not host or re.search(r"[\s?#@]", text):
        raise SettingsError(f"PUBLIC_URL 不是网址：{text}。{remedy}")
    if parts.path.strip("/"):
        raise SettingsError(f"PUBLIC_URL 只写到主机名和端口，不带路径：{text}。{remedy}")
    name = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{name}" + (f":{port}" if port is not None else "")


def _data_dir(text: str) -> Path:
    remedy = "请设为一个可写的文件夹的绝对路径，如 /var/lib/ceping"
    if not text:
        raise SettingsError(f"没有设置 DATA_DIR（数据文件夹）。{remedy}")
    path = Path(text)
    if not path.is_absolute():
        raise SettingsError(f"DATA_DIR 不是绝对路径：{text}。{remedy}")
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"DATA_DIR 不能用：{text}（{error.strerror}）。{remedy}") from None
    return path


def _keep_private(data_dir: Path, database_url: URL) -> None:
    file = database_url.database if database_url.get_backend_name() == "sqlite" else None
    files = [] if file is None else [Path(file + suffix) for suffix in ("", "-wal", "-shm")]
    try:
        keep_private([data_dir, *files])
    except OpenToOthers as error:
        raise SettingsError(str(error)) from None


def _time_zone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text or TIME_ZONE)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingsError(f"TIME_ZONE 不是时区名：{text}。请设为 {TIME_ZONE} 这样的名字，或不设。") from None


def _threads(text: str) -> int:
    """Set by the server's own configuration; a command is one."""
    return _number("THREADS", text, THREADS, 1, MOST_THREADS)


def _idle(text: str) -> timedelta:
    return timedelta(minutes=_number("SESSION_IDLE_MINUTES", text, SESSION_IDLE_MINUTES, 5, 720))


def _longest(text: str) -> timedelta:
    return timedelta(hours=_number("SESSION_HOURS", text, SESSION_HOURS, 1, 72))


def _syslog(text: str) -> str:
    if not text or re.fullmatch(r"/\S+|[A-Za-z0-9.-]+:\d{1,5}|\[[0-9a-fA-F:]+\]:\d{1,5}", text):
        return text
    raise SettingsError(f"AUDIT_SYSLOG 不是地址：{text}。请设为 /dev/log 或 主机:514，或不设。")


def _webhook(text: str) -> str:
    parts = urlsplit(text)
    if not text or (parts.scheme in ("http", "https") and parts.hostname):
        return text
    raise SettingsError(f"ALARM_WEBHOOK 不是网址：{text}。请设为收 JSON 的地址，或不设。")


def _mail(text: str) -> str:
    parts = urlsplit(text)
    fields = parse_qs(parts.query)
    try:
        named = parts.scheme in ("smtp", "smtps") and bool(parts.hostname) and parts.port is not None
    except ValueError:
        named = False
    if not text or (named and fields.get("from") and fields.get("to")):
        return text
    raise SettingsError(
        "ALARM_MAIL 不是邮件服务器的地址。请设为 smtp://主机:25?from=发件人&to=收件人（加密用 smtps），或不设。"
    )


def _number(name: str, text: str, usual: int, least: int, most: int) -> int:
    if not text:
        return usual
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise SettingsError(f"{name} 不是 {least} 至 {most} 的整数：{text}。请改正，或不设。")
    return int(text)


def _proxies(text: str) -> frozenset[str]:
    """Addresses, one or more with commas between."""
    try:
        return frozenset(str(ipaddress.ip_address(each.strip())) for each in (text or TRUSTED_PROXY).split(","))
    except ValueError:
        raise SettingsError(
            f"TRUSTED_PROXY 不是 IP 地址：{text}。请设为前置代理的地址，几个用逗号隔开；代理在本机就不用设。"
        ) from None
