"""Preparing: units and frameworks from Excel files, rules, tags, exemptions, choices, the approval, the accounts."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.acts.actors import COMMAND_LINE, Actor, Role
from surveys.acts.site import Site
from surveys.acts.table_files import tables_in
from surveys.entry.worlds.season.plan import GROUP, Season, Unit
from surveys.entry.worlds.season.sheets import edited_framework, roster_file
from surveys.entry.worlds.season.stage import Staff, Stage, moment
from surveys.marking import ledger
from surveys.office import accounts
from surveys.outcome import life
from surveys.season import applicability, assessments, framework_editing, rosters, rule_editing
from surveys.season.assessments import assessment_of
from surveys.season.rule_editing import RulesEntry
from surveys.storage.tables import Account


def prepare(site: Site, season: Season) -> Stage:
    """From an empty database to an assessment in which marking has started."""
    with site.database.writing() as session:
        frameworks = list(dict.fromkeys(unit.framework for unit in season.units))
        assessment_id = assessments.create_assessment(session, moment(site, 0), COMMAND_LINE, season.title, frameworks)
        passwords: dict[str, str] = {}
        admins = tuple(_account(site, session, passwords, name, Role.ADMIN) for name in ("admin", "admin2"))
        admin = admins[0]
        for key in frameworks:
            _edit_framework(site, session, admin, assessment_id, key, season)
        rule_editing.save_rules(session, moment(site, 1), admin, assessment_id, _rules_entry(season))
        _import_roster(site, session, admin, assessment_id, season)
        unit_ids = {unit.name: unit.id for unit in assessment_of(session, assessment_id).units}
        _decide(site, session, admin, season, unit_ids)
        fingerprint = applicability.matrix(session, assessment_id).fingerprint
        applicability.approve(session, moment(site, 4), admin, assessment_id, fingerprint)
        life.start_marking(session, moment(site, 5), admin, assessment_id)
        staff = Staff(
            admins=(admins[0], admins[1]),
            organizer=_account(site, session, passwords, "organizer", Role.ORGANIZER),
            scrutineer=_account(site, session, passwords, "scrutineer", Role.SCRUTINEER),
            assessors={
                department: _account(site, session, passwords, f"{department}考评员", Role.ASSESSOR, department)
                for department in _departments(season)
            },
            reporters={
                unit.name: _account(
                    site, session, passwords, f"{unit.name}报送员", Role.REPORTER, None, unit_ids[unit.name]
                )
                for unit in season.units
                if unit.has_reporter
            },
            passwords=passwords,
        )
    return Stage(site, season, assessment_id, unit_ids, staff)


def _account(
    site: Site,
    session: Session,
    passwords: dict[str, str],
    name: str,
    role: Role,
    department: str | None = None,
    unit_id: int | None = None,
) -> Actor:
    passwords[name] = accounts.create_account(session, moment(site, 0), COMMAND_LINE, name, role, department, unit_id)
    account_id = session.scalars(select(Account.id).where(Account.name == name)).one()
    return Actor(account_id, name, role, department, unit_id)


def _departments(season: Season) -> list[str]:
    return list(dict.fromkeys([GROUP, *(mark.department for unit in season.units for mark in unit.marks)]))


def _edit_framework(site: Site, session: Session, admin: Actor, assessment_id: int, key: str, season: Season) -> None:
    """Out, some cells anew, in, looked at, taken over."""
    now = moment(site, 1)
    data = edited_framework(framework_editing.export_framework(session, admin, assessment_id, key), season.edits[key])
    import_id = framework_editing.read_file(
        session, now, admin, assessment_id, key, f"{key}.xlsx", tables_in("a.xlsx", data)
    )
    shown = framework_editing.preview(session, admin, import_id)
    framework_editing.apply(session, now, admin, import_id, shown.fingerprint)


def _rules_entry(season: Season) -> RulesEntry:
    rules = season.rules
    return RulesEntry(rules.mode, rules.bonus_cap, rules.deduction_cap, rules.bands, rules.veto_band, rules.top_quota)


def _import_roster(site: Site, session: Session, admin: Actor, assessment_id: int, season: Season) -> None:
    now = moment(site, 2)
    tables = tables_in("名单.xlsx", roster_file(season))
    import_id = rosters.read_roster(session, now, admin, assessment_id, "名单.xlsx", tables)
    shown = rosters.preview(session, admin, import_id)
    rosters.apply(session, now, admin, import_id, shown.fingerprint)


def _decide(site: Site, session: Session, admin: Actor, season: Season, unit_ids: dict[str, int]) -> None:
    """Tags that the file had wrong, exemptions that are known by now, and by which method where there are two."""
    now = moment(site, 3)
    for unit in season.units:
        unit_id = unit_ids[unit.name]
        if unit.file_tags != unit.tags:
            applicability.set_tags(session, now, admin, unit_id, unit.tags)
        _exempt(site, session, admin, unit, unit_id)
        for row_key, method in unit.chosen.items():
            applicability.choose(session, now, admin, unit_id, row_key, method)


def _exempt(site: Site, session: Session, admin: Actor, unit: Unit, unit_id: int) -> None:
    now = moment(site, 3)
    for each in unit.exemptions:
        if not each.late:
            ledger.exempt(session, now, admin, unit_id, each.row_key, each.reason, each.document)
    for each in unit.exemptions:
        if each.taken_back:
            _, fit = applicability.unit_fit(session, unit_id)
            exemption = next(found for found in fit.exemptions if found.row_key == each.row_key)
            ledger.cancel_exemption(session, now, admin, unit_id, exemption.id, "职责没有划出（样例）")
