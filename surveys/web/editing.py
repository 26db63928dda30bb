"""Forms that overwrite what is there carry what they were filled with (surveys.acts.editions)."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, g, request
from sqlalchemy.orm import Session

from surveys.acts.editions import Overtaken, edition
from surveys.web.access import site

FIELD = "base"


@contextmanager
def saving() -> Iterator[tuple[Session, str]]:
    """A session to write in, and what the form carries; a form without it was filled with nothing known."""
    try:
        with site().database.writing() as session:
            yield session, request.form.get(FIELD, "")
    except Overtaken:
        g.overtaken = True  # who was told may go on from what is there now
        raise


def base_of(what: str, state: object) -> str:
    """For a form that shows this state. Shown again with what was typed, it carries on what it was filled with."""
    carried = request.form.get(FIELD, "")
    again = request.method == "POST" and carried.startswith(f"{what} ") and "overtaken" not in g
    return carried if again else edition(what, state)


def register(app: Flask) -> None:
    app.jinja_env.globals.update(base_of=base_of)
