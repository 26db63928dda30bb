"""A whole season of assessment to look at: scripts/season [--units N] [--counties N] [--mode MODE] [--until STATE].

In instance/season, made anew each time; DATABASE_URL and DATA_DIR name an empty database instead.
"""

import argparse
import os
import secrets
import shlex
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from surveys.acts.errors import Refusal  # noqa: E402
from surveys.acts.site import Site  # noqa: E402
from surveys.entry.worlds.season import draw, names  # noqa: E402
from surveys.entry.worlds.season.drive import drive  # noqa: E402
from surveys.entry.worlds.season.plan import LEAD, Rules  # noqa: E402
from surveys.entry.worlds.season.stage import Stage  # noqa: E402
from surveys.scoring.assessment_states import AssessmentState  # noqa: E402
from surveys.season.assessments import list_assessments  # noqa: E402
from surveys.settings import Settings, SettingsError  # noqa: E402

STOPS = (AssessmentState.MARKING.value, AssessmentState.APPEAL.value, AssessmentState.ARCHIVED.value)
OWN = ROOT / "instance" / "season"


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/season")
    parser.add_argument("--units", type=int, default=100, help="市直单位个数")
    parser.add_argument("--counties", type=int, default=15, help="县（市、区）个数")
    parser.add_argument("--mode", choices=("whole", "block"), default="whole", help="折算方式")
    parser.add_argument("--until", choices=STOPS, default=STOPS[-1], help="走到哪一步为止：打分完成、申诉答复完、归档")
    parser.add_argument("--seed", default="2025", help="同一个种子，同样的内容")
    wanted = parser.parse_args()
    if wanted.units < 0 or not 0 <= wanted.counties <= names.MOST_COUNTIES or not wanted.units + wanted.counties:
        parser.error(f"至少要有一个单位，县（市、区）最多 {names.MOST_COUNTIES} 个")
    site = _site()
    season = draw.season(wanted.units, wanted.counties, seed=wanted.seed, rules=Rules(mode=wanted.mode))
    try:
        stage = drive(site, season, _tell, AssessmentState(wanted.until))
    except Refusal as error:
        raise SystemExit(f"没有走完：{error}") from error
    print(_how_to_look(stage, AssessmentState(wanted.until).label))


def _tell(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def _site() -> Site:
    """On a database of the season's own, or an empty one that the environment names."""
    if "DATABASE_URL" not in os.environ:
        shutil.rmtree(OWN, ignore_errors=True)
        OWN.mkdir(parents=True, mode=0o700)
    named = {
        "DATABASE_URL": f"sqlite:///{OWN / 'season.db'}",
        "DATA_DIR": str(OWN),
        "PUBLIC_URL": "http://127.0.0.1:8000",
        "SECRET_KEY": secrets.token_hex(32),  # every poll is sealed in the end: nothing needs the key afterwards
    } | os.environ
    try:
        site = Site.build(Settings.from_environment(named))
    except SettingsError as error:
        raise SystemExit(str(error)) from None
    site.migrate()
    with site.database.reading() as session:
        if list_assessments(session):
            raise SystemExit("这个数据库里已有考核，没有填入。请另设 DATABASE_URL 和 DATA_DIR，或都不设。")
    return site


def _how_to_look(stage: Stage, state: str) -> str:
    settings = stage.site.settings
    staff, passwords = stage.staff, stage.staff.passwords
    reporter = next(iter(staff.reporters.values()))
    people = (*staff.admins, staff.organizer, staff.scrutineer, staff.assessors[LEAD], reporter)
    database = settings.database_url.set(drivername=settings.database_url.get_backend_name())
    url = shlex.quote(database.render_as_string(hide_password=False))
    return "\n".join(
        [
            "",
            f"一次考核（{state}；单位、人名都是虚构的样例）。这样看：",
            "",
            f"  DATABASE_URL={url} DATA_DIR={shlex.quote(str(settings.data_dir))} scripts/serve",
            "",
            "账号（其他账号用 flask --app app account reset 取新密码）：",
            *(f"  {who.role.label}  {who.name}  密码 {passwords[who.name]}" for who in people),
            "",
            f"  得分和名次  {settings.public_url}/assessments/{stage.assessment_id}/results",
            "",
        ]
    )


main()
