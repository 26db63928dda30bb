"""After a poll is over its files are to be clean of envelopes and salt: what is not yet, and trying again until it is.

A mark joins the transaction that takes them out of the tables, and goes once the files were written anew after it.
"""

import logging
from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from surveys.acts.errors import DatabaseBusy
from surveys.acts.site import Site
from surveys.polling.states import has_ended
from surveys.storage.scrubbing import NotScrubbed, ScrubbedElsewhere, scrub
from surveys.storage.tables import Leftover, Poll
from surveys.vote.polls import UNDER_WAY

logger = logging.getLogger(__name__)


def mark(session: Session, prefix: str) -> None:
    """In the transaction that ends a poll or wipes it."""
    session.merge(Leftover(prefix=prefix, reason=None))


def leftovers(session: Session) -> Mapping[str, str | None]:
    """The prefixes of what is not yet cleaned, each with why not, in Chinese, as far as it was tried."""
    return {found.prefix: found.reason for found in session.scalars(select(Leftover).order_by(Leftover.prefix))}


def of_wiped(session: Session) -> Mapping[str, str | None]:
    """Those of `leftovers` whose poll is there no more: rehearsals that were wiped."""
    there = set(session.scalars(select(Poll.prefix).join(Leftover, Leftover.prefix == Poll.prefix)))
    return {prefix: reason for prefix, reason in leftovers(session).items() if prefix not in there}


def clean(site: Site, now: datetime, *, always: bool = False) -> str | None:
    """Cleans the files if anything is left there, or `always`. Why it could not be, in Chinese; None: they are clean.

    Not in the transaction that left it there, which is done whether or not this can be.
    """
    try:
        while prefixes := _prefixes(site) or (always and {""}):
            why = _scrubbed(site, now, prefixes)
            if why is not None:
                logger.warning("the database's files are not cleaned of old rows: %s", why)
                return why
            always = False
    except DatabaseBusy:
        logger.warning("the database was too busy to be cleaned of old rows")
        return "数据库正忙"
    return None


def _prefixes(site: Site) -> Collection[str]:
    with site.database.reading() as session:
        prefixes = leftovers(session).keys()
    for prefix in prefixes:
        site.open_polls.forget(prefix)
    return prefixes


def _scrubbed(site: Site, now: datetime, prefixes: Collection[str]) -> str | None:
    """Of what was marked later the files may not be clean."""
    try:
        scrub(site.database, voting=_voting(site, now))
    except ScrubbedElsewhere as error:
        return str(error)  # whoever is at it looks for new ones afterwards
    except NotScrubbed as error:
        _keep_reason(site, prefixes, str(error))
        return str(error)
    with site.database.writing() as session:
        session.execute(delete(Leftover).where(Leftover.prefix.in_(prefixes)))
        session.commit()
    return None


def _keep_reason(site: Site, prefixes: Collection[str], reason: str) -> None:
    with site.database.writing() as session:
        other = or_(Leftover.reason.is_(None), Leftover.reason != reason)
        session.execute(update(Leftover).where(Leftover.prefix.in_(prefixes), other).values(reason=reason))
        session.commit()


def _voting(site: Site, now: datetime) -> bool:
    with site.database.reading() as session:
        ends = session.scalars(select(Poll.closes_at).where(Poll.state.in_(UNDER_WAY)))
        return any(not has_ended(end, now) for end in ends)
