"""Of two who edit one thing the later is told: a form says what it was filled with, and that is compared with what is
there when it is saved."""

from surveys.acts.errors import WrongState
from surveys.polling.seal import canonical_json, digest


class Overtaken(WrongState):
    """Somebody else changed it after the form was filled. The text says both values."""


def edition(what: str, state: object) -> str:
    """A fingerprint for a form to carry. `what`: which form of a page; `state`: what it was filled with, as JSON."""
    return f"{what} {digest(canonical_json(state))}"


def check(base: str | None, what: str, state: object, wanted: object, words: str) -> None:
    """`base`: what the form carried; None: there was no form, as on the command line. What is already as `wanted` may
    be sent twice. `words`: what it is now and what was typed. Raises Overtaken."""
    if base is not None and base != edition(what, state) and state != wanted:
        raise Overtaken(f"您打开这一页以后，有人改过这里，您填的还没有保存。{words}请核对，要改就再提交一次。")


def check_value(base: str | None, what: str, state: object, wanted: object, name: str) -> None:
    """`check` for one value. Raises Overtaken."""
    now, typed = ("没有设" if value in (None, "") else str(value) for value in (state, wanted))
    check(base, what, state, wanted, f"{name}：现在是“{now}”，您填的是“{typed}”。")
