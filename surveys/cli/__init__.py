"""The services from a terminal: JSON on stdout with --json, errors on stderr, exit status not 0 on failure."""

from flask import Flask

from surveys.cli import frameworks as frameworks
from surveys.cli import slips  # noqa: F401  # adds its commands to `poll`
from surveys.cli.accounts import account_group, demo_command, first_admin_command, migrate_command
from surveys.cli.assessments import assessment_group, catalog_group
from surveys.cli.backups import backup_command
from surveys.cli.bundles import bundle_group
from surveys.cli.life import life_commands
from surveys.cli.polls import poll_group


def register(app: Flask) -> None:
    for group in (catalog_group, assessment_group, poll_group, bundle_group, account_group):
        app.cli.add_command(group)
    for command in life_commands:
        assessment_group.add_command(command)
    for command in (migrate_command, first_admin_command, demo_command, backup_command):
        app.cli.add_command(command)
