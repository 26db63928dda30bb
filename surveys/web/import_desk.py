"""The pages of every kind of file: read and kept, or its faults are shown with the form; looked at; taken over."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from surveys.acts.actors import Actor, Permission
from surveys.acts.errors import Refusal, WrongState
from surveys.acts.table_files import tables_in
from surveys.intake.tables import MOST_BYTES, MOST_COLUMNS, MOST_ROWS
from surveys.web.access import actor, needs, site
from surveys.web.forms import TakeOverForm, UploadForm
from surveys.web.uploads import ROUND_THE_FILE, size, takes_upload


class Shown(Protocol):
    """What a preview has, of whatever kind: the template `staff/import/preview.html` shows it.

    `hindrances`: why it cannot be taken over now. `is_empty`: it would change nothing. `notes`: what was not read.
    """

    @property
    def assessment_id(self) -> int: ...
    @property
    def title(self) -> str: ...
    @property
    def file_name(self) -> str: ...
    @property
    def hindrances(self) -> tuple[str, ...]: ...
    @property
    def is_empty(self) -> bool: ...
    @property
    def notes(self) -> tuple[str, ...]: ...
    @property
    def fingerprint(self) -> str: ...


Found = TypeVar("Found", bound=Shown)
Form = TypeVar("Form", bound=TakeOverForm)


def _nothing_more(_: Session, __: object) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class ImportDesk(Generic[Found, Form]):
    """One kind of file. Addresses: `upload`, of an assessment and what else the file is about; `shown`, of an import.

    `templates`: the folder of upload.html and preview.html, which fill the blocks of those in `staff/import`.
    `about`: what upload.html shows, of a session and the values in the address; `why` says why no file is taken.
    `read`: keeps what is in a file; of session, now, actor, the values in the address, the file's name and its tables.
    `preview`: what taking it over would do now. `page`: what preview.html shows besides. `form`: confirms it.
    `take_over`: does it, of the import's id and the form; where that raises WrongState the preview is shown anew.
    """

    permission: Permission
    upload: str
    shown: str
    templates: str
    about: Callable[..., dict[str, Any]]
    read: Callable[..., int]
    preview: Callable[[Session, Actor, int], Found]
    form: type[Form]
    take_over: Callable[[int, Form], ResponseReturnValue]
    page: Callable[[Session, Found], dict[str, Any]] = _nothing_more


def add_import_desk(pages: Blueprint, desk: ImportDesk[Any, Any]) -> None:
    """Its views are `upload`, `show` and `take_over` of the blueprint."""

    @needs(desk.permission)
    @takes_upload(MOST_BYTES + ROUND_THE_FILE)
    def upload(**place: int | str) -> ResponseReturnValue:
        form = UploadForm()
        if request.method != "POST":
            return _upload_page(desk, place, form)
        try:
            form.checked()
            name = form.file.data.filename or ""
            tables = tables_in(name, form.file.data.read())
            with site().database.writing() as session:
                import_id = desk.read(session, site().now(), actor(), *place.values(), name, tables)
        except Refusal as error:
            return _upload_page(desk, place, form, error), 400
        return redirect(url_for(".show", import_id=import_id))

    @needs(desk.permission)
    def show(import_id: int) -> ResponseReturnValue:
        return preview_page(desk, import_id)

    @needs(desk.permission)
    def take_over(import_id: int) -> ResponseReturnValue:
        form = desk.form()
        form.checked()
        try:
            return desk.take_over(import_id, form)
        except WrongState as error:
            return preview_page(desk, import_id, str(error)), 409

    pages.add_url_rule(desk.upload, "upload", upload, methods=["GET", "POST"])
    pages.add_url_rule(desk.shown, "show", show, methods=["GET"])
    pages.add_url_rule(desk.shown, "take_over", take_over, methods=["POST"])


def _upload_page(
    desk: ImportDesk[Any, Any], place: dict[str, int | str], form: UploadForm, refused: Refusal | None = None
) -> str:
    with site().database.reading() as session:
        about = desk.about(session, *place.values())
    limits = {"bytes": MOST_BYTES, "size": size(MOST_BYTES), "rows": MOST_ROWS, "columns": MOST_COLUMNS}
    return render_template(
        f"{desk.templates}/upload.html", form=form, refused=refused, limits=limits, **{"why": None, **about}
    )


def preview_page(desk: ImportDesk[Any, Any], import_id: int, fault: str | None = None) -> str:
    """`fault`: why it was not taken over just now."""
    with site().database.reading() as session:
        found = desk.preview(session, actor(), import_id)
        more = desk.page(session, found)
    if "again" not in more:
        more["again"] = url_for(".upload", assessment_id=found.assessment_id)
    if "form" not in more:
        more["form"] = desk.form(formdata=None, shown=found.fingerprint)
    return render_template(f"{desk.templates}/preview.html", import_id=import_id, preview=found, fault=fault, **more)
