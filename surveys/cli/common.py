"""What the commands share: the site, JSON, refusals as exit status 1."""

import functools
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, ParamSpec, TypeVar, cast

import click
from flask import current_app

from surveys.acts.audit_chain import Head
from surveys.acts.errors import DatabaseBusy, Refusal, why_busy
from surveys.acts.site import Site
from surveys.catalog.problems import CatalogError

ID = click.IntRange(1, 2**31 - 1)

Parameters = ParamSpec("Parameters")
Returned = TypeVar("Returned")


class HeadType(click.ParamType[Head]):
    """A head of the audit log, as papers bear it."""

    name = "head"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Head:  # noqa: ANN401
        found = re.fullmatch(r"\s*(\d{1,9})\s+(?:sha256:)?([0-9a-fA-F]{64})\s*", str(value))
        if found is None:
            self.fail("日志头应写成：序号 sha256:摘要（64 位）", param, ctx)
        return Head(int(found[1]), bytes.fromhex(found[2]))


HEAD = HeadType()

as_json = click.option("--json", "as_json", is_flag=True, help="以 JSON 输出")


def any_site() -> Site:
    found = current_app.extensions["site"]
    assert isinstance(found, Site)
    return found


def site() -> Site:
    """The site on a database of the current structure."""
    try:
        if any_site().is_current():
            return any_site()
    except DatabaseBusy as error:
        raise click.ClickException(f"连不上数据库，请检查 DATABASE_URL：{why_busy(error)}") from None
    raise click.ClickException("数据库的结构不是最新的，请先运行 .venv/bin/flask --app app migrate")


def reports_refusals(command: Callable[Parameters, Returned]) -> Callable[Parameters, Returned]:
    """A service's refusal becomes its sentence on stderr and exit status 1."""

    @functools.wraps(command)
    def wrapped(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Returned:
        try:
            return command(*args, **kwargs)
        except (Refusal, CatalogError) as error:
            raise click.ClickException(str(error)) from None

    return wrapped


def extension_of(path: Path) -> str:
    """What kind of file somebody asks for: `pdf` of `a.PDF`."""
    return path.suffix.removeprefix(".").lower()


@contextmanager
def private_file(path: Path, nothing: str = "没有发票") -> Iterator[BinaryIO]:
    """A file for its owner alone, in place once it is whole. Opened first: there is no second chance to write codes.

    `nothing`: what has not been done where it cannot be opened. What is there and no file, as /dev/stdout, is written
    to as it is.
    """
    try:
        as_it_is = path.exists() and not path.is_file()
        target = path.resolve()
        part = path.open("wb") if as_it_is else _beside(target)
    except OSError as error:
        raise click.ClickException(f"写不了 {path}：{error.strerror}。{nothing}。") from None
    if as_it_is:
        with part:
            yield part
        return
    try:
        with part:
            yield part
        os.replace(part.name, target)
    except BaseException:
        Path(part.name).unlink()
        raise


def _beside(path: Path) -> BinaryIO:
    return cast(BinaryIO, tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False))


def emit(value: Any) -> None:  # noqa: ANN401
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


second_factor = click.option("--code", default="", help="开了两步登录的账号：手机上现在的 6 位数字，或一个恢复码")
