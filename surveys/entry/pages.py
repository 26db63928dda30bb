"""Pages: one module per audience; access, headers, errors and forms beside them. Never touches the tables."""

from flask import Flask
from werkzeug.routing import IntegerConverter, Map

from surveys.acts.hands import CODE_MINUTES
from surveys.acts.limits import LONGEST_REASON
from surveys.entry.alarms import pages as alarms
from surveys.evidence.pages import materials, proceedings, reviews
from surveys.marking.marks import MOST_WORDS
from surveys.marking.pages import completion, ledger, mark_imports, marking, poll_choices
from surveys.office import codes
from surveys.office.pages import account_batches, accounts, log, second_factor, sign_in, site_settings, stand_ins
from surveys.outcome.pages import (
    archives,
    framework_imports,
    life,
    own_unit,
    proposals,
    publications,
    readings,
    results,
    score_sheets,
    versions,
)
from surveys.polling import codes as ballot_codes
from surveys.polling import receipts
from surveys.polling.disclosure import FEWEST_SHOWN, TURNOUT_STEP
from surveys.season.pages import applicability, frameworks, rosters, units
from surveys.vote.door_screens import MOST_PLANNED
from surveys.vote.hall_screen import Screens
from surveys.vote.pages import (
    ballot,
    door_screen,
    doors,
    hall_screen,
    imports,
    paper_keying,
    polls,
    public_board,
    scrutiny,
    tally,
    ticket_requests,
    tickets,
    withdrawals,
    wizard,
)
from surveys.vote.pages.prepared import PreparedPages
from surveys.vote.paper_ballots.paper_returned import HIGHEST_NUMBER
from surveys.web import access, assets, cookies, editing, errors, gate, headers, kept_forms, opened_for, request_log

VOTERS = (ballot, public_board, door_screen, hall_screen)
POLLS = (
    *(polls, wizard, imports, tickets, ticket_requests, doors, paper_keying, tally),
    *(withdrawals, poll_choices, scrutiny),
)
SETTING_UP = (units, rosters, frameworks, framework_imports, applicability)
MARKING = (marking, proposals, mark_imports, completion, score_sheets, ledger)
OUTCOME = (life, versions, results, publications, readings)
EVIDENCE = (materials, reviews, archives, proceedings, own_unit)
OFFICE = (sign_in, second_factor, accounts, account_batches, log, site_settings, stand_ins)
STAFF = (alarms, *OFFICE, *POLLS, *SETTING_UP, *MARKING, *OUTCOME, *EVIDENCE)

SAID_ON_PAGES = {
    "CODE_LENGTH": ballot_codes.LENGTH,
    "RECEIPT_LENGTH": receipts.LENGTH,
    "FEWEST_SHOWN": FEWEST_SHOWN,
    "TURNOUT_STEP": TURNOUT_STEP,
    "HIGHEST_NUMBER": HIGHEST_NUMBER,
    "MOST_PLANNED": MOST_PLANNED,
    "MOST_WORDS": MOST_WORDS,
    "LONGEST_REASON": LONGEST_REASON,
    "CODE_DIGITS": codes.DIGITS,
    "CODE_PERIOD": codes.PERIOD,
    "CODE_MINUTES": CODE_MINUTES,
}
"""Numbers of the rules that templates tell: none of them writes one itself."""


class IdConverter(IntegerConverter):
    """An id of the database: a number too large for its column is a page that does not exist."""

    def __init__(self, map: Map) -> None:
        super().__init__(map, min=1, max=2**31 - 1)


def register(app: Flask) -> None:
    settings = access.site(app).settings
    app.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=256 * 1024,
        MAX_FORM_MEMORY_SIZE=256 * 1024,
        SESSION_COOKIE_NAME="ceping",
        SESSION_COOKIE_SECURE=settings.https,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=settings.session_longest,
        SESSION_REFRESH_EACH_REQUEST=False,
        SEND_FILE_MAX_AGE_DEFAULT=365 * 24 * 3600,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_I18N_ENABLED=False,  # the forms' own locale speaks, not the browser's
    )
    app.session_interface = cookies.Cookies()
    app.url_map.converters["id"] = IdConverter
    app.jinja_env.filters["local_time"] = lambda moment: f"{moment.astimezone(settings.time_zone):%Y-%m-%d %H:%M}"
    app.jinja_env.globals.update(SAID_ON_PAGES)
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.extensions["prepared"] = PreparedPages()
    app.extensions["screens"] = Screens()
    headers.register(app)
    errors.register(app)
    assets.register(app)
    gate.register(app)
    kept_forms.register(app)
    opened_for.register(app)
    editing.register(app)
    request_log.register(app)
    for module in (*VOTERS, *STAFF):
        app.register_blueprint(module.pages)
