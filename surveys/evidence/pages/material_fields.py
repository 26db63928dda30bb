"""The fields by which material comes in, whatever it belongs to: a file, whole or in pieces; a link; a number."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, cast

from surveys.acts.errors import BadInput
from surveys.evidence import materials, upload_pieces
from surveys.evidence.materials import Entry, MaterialKind
from surveys.evidence.pages.forms import FileFields, ReferenceFields
from surveys.evidence.uploads.evidence_files import ENDINGS, MOST_BYTES, TAKEN
from surveys.web.access import actor, site
from surveys.web.uploads import size


def limits() -> dict[str, Any]:
    """For the macros of materials/parts.html, and what they say of the files that are taken."""
    return {
        "bytes": MOST_BYTES,
        "size": size(MOST_BYTES),
        "endings": ",".join(ENDINGS),
        "taken": TAKEN,
        "piece": upload_pieces.PIECE_BYTES,
    }


@contextmanager
def sent_file(form: FileFields) -> Iterator[tuple[str, BinaryIO]]:
    """Name and content of the file that was sent. Raises BadInput, WrongState."""
    if form.part.data:
        with upload_pieces.whole(site(), actor(), form.part.data, form.part_size.data or 0) as stream:
            yield form.part_name.data or "", stream
        return
    if not form.file.data:
        raise BadInput("请先选一个文件，再按“上传”。")
    yield form.file.data.filename or "", cast(BinaryIO, form.file.data.stream)


def has_file(form: FileFields) -> bool:
    return bool(form.part.data or form.file.data)


def typed_reference(form: ReferenceFields) -> Entry:
    """Raises BadInput."""
    make = materials.link if form.kind.data == MaterialKind.LINK else materials.document
    return make(form.reference.data or "", form.title.data or "")
