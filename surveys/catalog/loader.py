"""The way in: a file or an upload becomes a model, or a CatalogError with every problem of the file at once."""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from surveys.catalog import messages, rules, source
from surveys.catalog.model import (
    Block,
    Content,
    Framework,
    GradeEntry,
    Indicator,
    Question,
    Questionnaire,
    Standard,
)
from surveys.catalog.problems import CatalogError, FieldPath, Problem, UnknownCatalogKey
from surveys.catalog.rules import Fault
from surveys.catalog.source import Source

_Model = TypeVar("_Model", bound=BaseModel)

_HERE = pathlib.Path(__file__).parent
_FRAMEWORKS = _HERE / "frameworks"
_QUESTIONNAIRES = _HERE / "questionnaires"

_ENTRY_MODELS: dict[str, type[BaseModel]] = {
    "blocks": Block,
    "indicators": Indicator,
    "contents": Content,
    "standards": Standard,
    "grades": GradeEntry,
    "items": Question,
    "aspects": Question,
}
_QUESTIONNAIRE_FIELDS = ("grades", "items", "aspects")


def load_framework(path: str | pathlib.Path) -> Framework:
    """The framework in a file. Raises CatalogError."""
    return read_framework(_bytes(path), pathlib.Path(path).name)


def load_questionnaire(path: str | pathlib.Path) -> Questionnaire:
    """The questionnaire in a file. Raises CatalogError."""
    return read_questionnaire(_bytes(path), pathlib.Path(path).name)


def read_framework(data: bytes, file: str) -> Framework:
    """The framework in an upload; `file` is the name problems are reported under. Raises CatalogError."""
    return _framework(source.read(data, file))


def read_questionnaire(data: bytes, file: str) -> Questionnaire:
    """The questionnaire in an upload; `file` is the name problems are reported under. Raises CatalogError."""
    return _questionnaire(source.read(data, file))


def check_file(path: str | pathlib.Path) -> list[Problem]:
    """Every problem of a file, framework or questionnaire by its fields; empty when it can be used."""
    try:
        _either(source.read(_bytes(path), pathlib.Path(path).name))
    except CatalogError as error:
        return list(error.problems)
    return []


def framework_keys() -> tuple[str, ...]:
    """Keys of the frameworks that come with the site."""
    return _keys(_FRAMEWORKS)


def questionnaire_keys() -> tuple[str, ...]:
    """Keys of the questionnaires that come with the site."""
    return _keys(_QUESTIONNAIRES)


@cache
def framework(key: str) -> Framework:
    """The framework of this key that comes with the site. Raises UnknownCatalogKey."""
    return load_framework(_shipped(_FRAMEWORKS, key))


@cache
def questionnaire(key: str) -> Questionnaire:
    """The questionnaire of this key that comes with the site. Raises UnknownCatalogKey."""
    return load_questionnaire(_shipped(_QUESTIONNAIRES, key))


@cache
def _keys(folder: pathlib.Path) -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in folder.glob("*.yaml")))


def _shipped(folder: pathlib.Path, key: str) -> pathlib.Path:
    if key not in _keys(folder):
        raise UnknownCatalogKey(f"没有“{key}”：可用的有 {'、'.join(_keys(folder))}")
    return folder / f"{key}.yaml"


def _bytes(path: str | pathlib.Path) -> bytes:
    path = pathlib.Path(path)
    try:
        with path.open("rb") as file:
            return file.read(source.MAX_BYTES + 1)
    except FileNotFoundError:
        message = "找不到这个文件：请检查路径"
    except IsADirectoryError:
        message = "这是文件夹：请给出 .yaml 文件"
    except OSError as error:
        message = f"读不了这个文件（{error.strerror}）：请检查文件和权限"
    raise CatalogError([Problem(path.name, 1, "", message)])


def _framework(document: Source) -> Framework:
    _fill_departments(document.value)
    return _checked(document, Framework, rules.framework_faults)


def _questionnaire(document: Source) -> Questionnaire:
    return _checked(document, Questionnaire, rules.questionnaire_faults)


def _either(document: Source) -> Framework | Questionnaire:
    if "blocks" in document.value:
        return _framework(document)
    if any(name in document.value for name in _QUESTIONNAIRE_FIELDS):
        return _questionnaire(document)
    document.add(
        (), "看不出是测评体系还是民主测评表：测评体系请写上 blocks，测评表请写上 grades 和 items（或 aspects）"
    )
    raise CatalogError(document.problems)


def _fill_departments(data: Mapping[str, Any]) -> None:
    """Rows that name no department are the default department's. Where that is missing, its absence alone is said."""
    default = data.get("default_department")
    for _, row in rules.rows(data):
        row.setdefault("departments", [default if isinstance(default, str) and default.strip() else "-"])


def _checked(document: Source, model: type[_Model], find_faults: Callable[[Mapping[str, Any]], list[Fault]]) -> _Model:
    """The model of a document, or every problem: of reading, of each field, of the fields together."""
    result = None
    try:
        result = model.model_validate(document.value)
    except ValidationError as error:
        for details in error.errors(include_url=False):
            _add_field_error(document, model, details)
    for fault in find_faults(document.value):
        first = f"（第 {document.line(fault.earlier)} 行已经有了）" if fault.earlier else ""
        document.add(fault.path, fault.message + first)
    if result is None or document.problems:
        raise CatalogError(document.problems)
    return result


def _add_field_error(document: Source, model: type[BaseModel], details: ErrorDetails) -> None:
    path = details["loc"]
    if not document.was_refused(path) and not messages.is_echo(details):
        document.add(path, messages.field_message(details, _fields_around(path, model)))


def _fields_around(path: FieldPath, root: type[BaseModel]) -> list[str]:
    """The fields allowed where `path` is."""
    lists = [part for part in path[:-1] if part in _ENTRY_MODELS]
    return sorted(_ENTRY_MODELS[str(lists[-1])].model_fields if lists else root.model_fields)
