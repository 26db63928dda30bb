"""What the pages that import a file share: it is read and kept for a preview, or its faults are shown with the form."""

from collections.abc import Callable

from flask import redirect, url_for
from flask.typing import ResponseReturnValue

from surveys.acts.errors import Refusal
from surveys.acts.table_files import tables_in
from surveys.web.access import actor, site
from surveys.web.forms import UploadForm


def read_upload(
    form: UploadForm, service: Callable[..., int], about: tuple[int | str, ...], page: Callable[..., str], preview: str
) -> ResponseReturnValue:
    """`service`: of session, now, actor, what the file is `about`, its name and tables; the import's id.
    `page`: the form again, with the refusal. `preview`: where it goes on."""
    try:
        form.checked()
        name = form.file.data.filename or ""
        tables = tables_in(name, form.file.data.read())
        with site().database.writing() as session:
            import_id = service(session, site().now(), actor(), *about, name, tables)
    except Refusal as error:
        return page(error), 400
    return redirect(url_for(preview, import_id=import_id))
