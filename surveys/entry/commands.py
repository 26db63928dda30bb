"""The use cases from a terminal: JSON on stdout with --json, errors on stderr, exit status not 0 on failure."""

from flask import Flask

# Those imported for nothing else add their commands to a group by that.
from surveys.entry.alarms.commands import alarm_group
from surveys.entry.backup_command import backup_command
from surveys.entry.setup_commands import demo_command, first_admin_command, migrate_command
from surveys.evidence import commands  # noqa: F401
from surveys.office.commands import account_group, audit_group
from surveys.outcome.commands import papers  # noqa: F401
from surveys.outcome.commands.life import life_commands
from surveys.season.commands import frameworks  # noqa: F401
from surveys.season.commands.assessments import assessment_group, catalog_group
from surveys.vote.commands import slips  # noqa: F401
from surveys.vote.commands.bundles import bundle_group
from surveys.vote.commands.polls import poll_group


def register(app: Flask) -> None:
    for group in (catalog_group, assessment_group, poll_group, bundle_group, account_group, audit_group, alarm_group):
        app.cli.add_command(group)
    for command in life_commands:
        assessment_group.add_command(command)
    for command in (migrate_command, first_admin_command, demo_command, backup_command):
        app.cli.add_command(command)
