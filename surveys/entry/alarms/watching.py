"""In each process that serves, a thread that watches: voters and pages wait for nothing here."""

import logging
import threading
import time

from sqlalchemy.exc import SQLAlchemyError

from surveys.acts.site import Site
from surveys.entry.alarms import keeping
from surveys.settings import Settings

EVERY_SECONDS = 60

log = logging.getLogger(__name__)


def start(settings: Settings) -> None:
    """With connections of its own: those of the site are as many as the threads that answer."""
    threading.Thread(target=_watch, args=(Site.build(settings),), name="alarms", daemon=True).start()


def _watch(site: Site) -> None:
    while True:
        time.sleep(EVERY_SECONDS)
        once(site)


def once(site: Site) -> None:
    """A minute in which it could not be looked is told, and the next one comes."""
    try:
        keeping.watch(site, site.now())
    except SQLAlchemyError as error:
        log.warning("alarms: %s", type(error).__name__)
