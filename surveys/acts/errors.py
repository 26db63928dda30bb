"""Errors that people read: each class names what went wrong, its text says in Chinese what is so and what to do."""

from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

DatabaseBusy: tuple[type[SQLAlchemyError], ...] = (OperationalError, NoConnectionFree)
"""The database did not answer in time or is gone. What was under way has not happened."""


def why_busy(error: Exception) -> str:
    """What the database's driver said."""
    return str(getattr(error, "orig", error))


class Refusal(Exception):
    """The base of what a service refuses. Nothing has changed."""


class NotFound(Refusal):
    """There is no such thing."""


class NotAllowed(Refusal):
    """This account may not do this here."""


class WrongState(Refusal):
    """Not in this state of a poll or an assessment."""


class AlreadyDone(WrongState):
    """It is so already, mostly because the same act was sent twice."""


class BadInput(Refusal):
    """A value cannot be taken."""


class Imbalance(Refusal):
    """Conservation does not hold: the boxes of a poll do not agree."""


class BrokenBundle(BadInput):
    """A file that is no bundle, or one damaged or altered since it was written."""
