"""A reporter's pages: what the own unit is to hand in, handing it in, receipts."""

from flask import Blueprint, flash, jsonify, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from surveys.acts.actors import Permission
from surveys.acts.errors import NotAllowed, NotFound, Refusal
from surveys.evidence import materials, upload_pieces
from surveys.evidence.checklists import ItemState, UnitChecklist, days_left
from surveys.evidence.materials import MaterialKind, Place
from surveys.evidence.pages.downloads import handed_in
from surveys.evidence.pages.forms import MaterialFileForm, PieceForm, ReferenceForm
from surveys.evidence.pages.material_fields import limits, sent_file, typed_reference
from surveys.evidence.uploads.evidence_files import MOST_BYTES
from surveys.season import shut
from surveys.season.shut import Act
from surveys.web.access import actor, needs, site
from surveys.web.forms import ActForm
from surveys.web.uploads import ROUND_THE_FILE, takes_upload

pages = Blueprint("materials", __name__)


@pages.app_template_filter("file_size")
def file_size(count: int) -> str:
    """`3.2 MB`, `48 KB`."""
    if count < 1024 * 1024:
        return f"{max(1, round(count / 1024))} KB"
    return f"{count / 1024 / 1024:.1f} MB"


@pages.get("/materials")
@needs(Permission.SEE_OWN_UNIT)
def overview() -> ResponseReturnValue:
    with site().database.reading() as session:
        checklist = materials.own_checklist(session, actor())
    return render_template(
        "evidence/materials/overview.html",
        checklist=checklist,
        ItemState=ItemState,
        left=_left(checklist),
        shut=shut.why_shut(checklist.assessment, Act.HAND_IN),
    )


@pages.get("/materials/report", defaults={"row_key": ""})
@pages.get("/materials/rows/<row_key>")
@needs(Permission.SEE_OWN_UNIT)
def row(row_key: str) -> ResponseReturnValue:
    return _row_page(row_key)


def _row_page(row_key: str, fault: str | None = None, at: int | None = None, typed: ReferenceForm | None = None) -> str:
    """`fault` stands at item `at`, with what was `typed` there."""
    with site().database.reading() as session:
        checklist = materials.own_checklist(session, actor())
    found = checklist.row(row_key)
    return render_template(
        "evidence/materials/row.html",
        checklist=checklist,
        row=found,
        left=_left(checklist),
        MaterialKind=MaterialKind,
        ItemState=ItemState,
        shut=shut.why_shut(checklist.assessment, Act.HAND_IN),
        fault=fault,
        at=at if any(item.number == at for item in found.items) else None,
        typed=typed,
        limits=limits(),
    )


def _left(checklist: UnitChecklist) -> int | None:
    today = site().now().astimezone(site().settings.time_zone).date()
    return days_left(checklist.assessment.material_due_on, today)


@pages.post("/materials/report/files", defaults={"row_key": ""})
@pages.post("/materials/rows/<row_key>/files")
@needs(Permission.SEE_OWN_UNIT)
@takes_upload(MOST_BYTES + ROUND_THE_FILE)
def upload(row_key: str) -> ResponseReturnValue:
    form = MaterialFileForm()
    try:
        form.checked()
        material_id = _taken(form, Place(row_key, form.item.data))
    except (NotFound, NotAllowed):
        raise
    except Refusal as error:
        return _row_page(row_key, str(error), form.item.data), 400
    return _done(row_key, material_id)


def _taken(form: MaterialFileForm, place: Place) -> int:
    with sent_file(form) as (name, stream):
        return materials.hand_in_file(site(), site().now(), actor(), place, name, stream)


@pages.post("/materials/pieces")
@needs(Permission.SEE_OWN_UNIT)
@takes_upload(upload_pieces.PIECE_BYTES + ROUND_THE_FILE)
def add_piece() -> ResponseReturnValue:
    """For the script: a piece of a file; the answer says how much is there now."""
    form = PieceForm()
    form.checked()
    with site().database.reading() as session:
        there = upload_pieces.add_piece(
            site(), session, actor(), form.key.data, form.offset.data, form.piece.data.stream.read()
        )
    return jsonify({"size": there})


@pages.post("/materials/report/references", defaults={"row_key": ""})
@pages.post("/materials/rows/<row_key>/references")
@needs(Permission.SEE_OWN_UNIT)
def refer(row_key: str) -> ResponseReturnValue:
    """A link or a document's number."""
    form = ReferenceForm()
    try:
        form.checked()
        entry = typed_reference(form)
        with site().database.writing() as session:
            place = Place(row_key, form.item.data)
            zone = site().settings.time_zone
            material_id = materials.hand_in(session, site().now(), actor(), zone, place, entry)
    except (NotFound, NotAllowed):
        raise
    except Refusal as error:
        return _row_page(row_key, str(error), form.item.data, form), 400
    return _done(row_key, material_id)


def _done(row_key: str, material_id: int) -> ResponseReturnValue:
    flash(f"已收到，回执号 {material_id}。")
    return redirect(url_for("materials.row", row_key=row_key))


@pages.get("/materials/<id:material_id>")
@needs(Permission.SEE_OWN_UNIT)
def receipt(material_id: int) -> ResponseReturnValue:
    with site().database.reading() as session:
        checklist, handed = materials.receipt(session, actor(), material_id)
    return render_template(
        "evidence/materials/receipt.html", checklist=checklist, handed=handed, MaterialKind=MaterialKind
    )


@pages.get("/materials/<id:material_id>/file")
@needs(Permission.SEE_OWN_UNIT)
def file(material_id: int) -> ResponseReturnValue:
    return handed_in(materials.own_file(site(), actor(), material_id))


@pages.post("/materials/<id:material_id>/withdraw")
@needs(Permission.SEE_OWN_UNIT)
def withdraw(material_id: int) -> ResponseReturnValue:
    ActForm().checked()
    with site().database.writing() as session:
        material = materials.withdraw(session, site().now(), actor(), material_id)
    flash(f"已撤回“{material.name}”。")
    return redirect(url_for("materials.row", row_key=material.row_key))
