"""Uploads: a view that takes files says how large, and gets them spooled to disk, whole or not at all."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import IO, Any, TypeVar

from flask import abort, current_app, request
from werkzeug.formparser import default_stream_factory

View = TypeVar("View", bound=Callable[..., Any])

MEGABYTE = 1024 * 1024


def takes_upload(most: int) -> Callable[[View], View]:
    """The view takes a multipart form of up to `most` bytes. Other views take `MAX_CONTENT_LENGTH`."""

    def declare(view: View) -> View:
        view.most_bytes = most  # type: ignore[attr-defined]
        return view

    return declare


def most_bytes() -> int | None:
    """What the view that is called declares, or None."""
    if request.endpoint is None:
        return None
    return getattr(current_app.view_functions[request.endpoint], "most_bytes", None)


def receive(most: int) -> None:
    """Reads the form and its files. 413 for a larger body, before any of it is read; 400 for one cut short."""
    request.max_content_length = most
    length = request.content_length or 0
    if length > most:
        abort(413)
    counted = _Counted(request.environ["wsgi.input"])
    request.environ["wsgi.input"] = counted
    with ExitStack() as spooled:
        request._get_file_stream = _spooling_into(spooled)  # type: ignore[method-assign]
        assert request.form is not None  # parses: fields into memory, files into temporary files
        if counted.count != length:
            abort(400)
        spooled.pop_all()  # the request itself closes them when it ends


def _spooling_into(spooled: ExitStack) -> Callable[..., IO[bytes]]:
    """Werkzeug's own temporary files, closed even if the body breaks off before they belong to the request."""
    return lambda *arguments, **named: spooled.enter_context(default_stream_factory(*arguments, **named))


def size(count: int) -> str:
    """`10 MB`, `256 KB`."""
    return f"{count // MEGABYTE} MB" if count >= MEGABYTE else f"{count // 1024} KB"


class _Counted:
    """A body's stream that counts what is read: behind gunicorn a body cut short ends like a whole one."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.count = 0

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self.count += len(data)
        return data
