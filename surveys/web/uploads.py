"""Uploads: a view that takes files says how large, and gets them spooled to disk, whole or not at all."""

import io
from collections.abc import Callable
from contextlib import ExitStack
from typing import IO, Any, TypeVar

from flask import abort, current_app, request
from werkzeug.formparser import default_stream_factory

View = TypeVar("View", bound=Callable[..., Any])

MEGABYTE = 1024 * 1024
HEAD_BYTES = 64 * 1024
ROUND_THE_FILE = 64 * 1024
"""What a multipart form has besides the file."""


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


def head() -> bytes:
    """How the body begins. It can still be read whole."""
    stream = request.environ["wsgi.input"]
    begun: bytes = stream.read(min(HEAD_BYTES, request.content_length or 0))
    request.environ["wsgi.input"] = _Again(begun, stream)
    return begun


def receive(most: int, *, kept: bool = True) -> None:
    """Reads the form and its files. 413 for a larger body, before any of it is read; 400 for one cut short. Not `kept`:
    of the files only their names are."""
    request.max_content_length = most
    length = request.content_length or 0
    if length > most:
        abort(413)
    counted = _Counted(request.environ["wsgi.input"])
    request.environ["wsgi.input"] = counted
    with ExitStack() as spooled:
        request._get_file_stream = _spooling_into(spooled) if kept else _Nowhere  # type: ignore[method-assign]
        request._load_form_data()  # fields into memory, files into temporary files
        if counted.count != length:
            abort(400)
        spooled.pop_all()  # the request itself closes them when it ends


def _spooling_into(spooled: ExitStack) -> Callable[..., IO[bytes]]:
    """Werkzeug's own temporary files, closed even if the body breaks off before they belong to the request."""
    return lambda *arguments, **named: spooled.enter_context(default_stream_factory(*arguments, **named))


def size(count: int) -> str:
    """`10 MB`, `256 KB`."""
    return f"{count // MEGABYTE} MB" if count >= MEGABYTE else f"{count // 1024} KB"


class _Nowhere(io.BytesIO):
    """Where a file goes that is not kept."""

    def __init__(self, *_arguments: object, **_named: object) -> None:
        super().__init__()

    def write(self, data: Any) -> int:  # noqa: ANN401
        return len(data)


class _Again:
    """A body's stream of which the first bytes were read already."""

    def __init__(self, begun: bytes, stream: IO[bytes]) -> None:
        self._begun = io.BytesIO(begun)
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        return self._begun.read(size) or self._stream.read(size)


class _Counted:
    """A body's stream that counts what is read: behind gunicorn a body cut short ends like a whole one."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.count = 0

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self.count += len(data)
        return data
