"""A unit has one band: every page and paper of it tells the same, and says where a quota or a veto moved it."""

import re
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from surveys.acts.site import Site
from surveys.outcome import publishing
from surveys.outcome.figures import Figure
from surveys.outcome.unit_record import ResultRecord
from surveys.scoring.exact import exact
from surveys.scoring.score_sheet import ScoringRules
from surveys.season.assessments import assessment_of
from surveys.storage.tables import Account, Approval, ScoreVersion
from tests.builders import event, record
from tests.kits.test_reporting_documents import pages_of
from tests.outcome.test_annual_reports import ZONE
from tests.seasons import Season, build_season, digest_of
from tests.strict_client import StrictClient
from tests.worlds import client_of

MOVED = "因比例限制由优秀改为良好"
CERTIFIED = 2


@pytest.fixture
def season(lite_site: Site) -> Season:
    """Both reach 优秀, for which there is one place: the second's is the first's by a bonus."""
    found = build_season(lite_site)
    with lite_site.database.writing() as session:
        assessment_of(session, found.assessment_id).rules = ScoringRules(top_quota=Decimal("0.5")).to_json()
        session.commit()
    record(lite_site, found.first, event("III-32", "2"))
    return found


def browser(app: Flask, season: Season, name: str) -> StrictClient:
    with season.site.database.reading() as session:
        return client_of(app, session.scalars(sa.select(Account.id).where(Account.name == name)).one())


def band_on(client: StrictClient, address: str) -> str:
    """What stands beside 等次 among the figures of a page."""
    (told,) = re.findall("<dt>等次</dt><dd>(.*?)</dd>", client.get(address).text)
    return str(told)


def pages(season: Season, unit_id: int, version: int | None) -> list[str]:
    frozen = [] if version is None else [f"/assessments/1/versions/{version}/units/{unit_id}"]
    return [f"/units/{unit_id}", f"/units/{unit_id}/why", *frozen]


def test_every_page_tells_the_band_that_the_quota_leaves(lite_app: Flask, season: Season) -> None:
    admin = browser(lite_app, season, "管理一")

    def check(version: int | None) -> None:
        for address in pages(season, season.first, version):
            assert band_on(admin, address) == "优秀"
            assert "因比例限制由" not in admin.page(address).text
        for address in pages(season, season.second, version):
            assert band_on(admin, address) == "良好"
            assert MOVED in admin.page(address).text
        boards = ["/assessments/1/results", *([] if version is None else [f"/assessments/1/versions/{version}"])]
        for address in boards:
            assert admin.page(address).text.count(MOVED) == 1
        assert "优秀不超过本类别的 50%" in admin.page("/assessments/1/results").text

    check(None)
    season.appeal()
    check(1)
    unit = browser(lite_app, season, "报送二")
    assert band_on(unit, f"/own-unit/{season.second}") == "良好"
    assert MOVED in unit.page(f"/own-unit/{season.second}").text
    for each in season.admins:
        season.certify(each)
    check(CERTIFIED)
    season.archive()
    check(CERTIFIED)


def test_the_sheet_tells_what_was_certified_and_not_what_it_would_be_now(lite_app: Flask, season: Season) -> None:
    season.certified()
    with season.site.database.writing() as session:
        assessment_of(session, season.assessment_id).rules = ScoringRules().to_json()
        session.commit()
    admin = browser(lite_app, season, "管理一")
    assert band_on(admin, f"/units/{season.second}") == "良好"
    assert MOVED in admin.page(f"/units/{season.second}").text


def texts(season: Season, folder: Path) -> tuple[str, str]:
    """The second unit's letter and the report."""
    with season.site.database.reading() as session:
        files = (
            publishing.letter_file(session, ZONE, season.second),
            publishing.report_file(session, ZONE, season.assessment_id),
        )
    letter, report = ("\n".join(pages_of(data, folder)) for data in files)
    return letter, report


def test_the_papers_say_it_and_those_of_a_version_frozen_before_keep_their_words(
    season: Season, tmp_path: Path
) -> None:
    season.certified()
    letter, report = texts(season, tmp_path)
    assert f"等次{MOVED}。" in letter
    assert "良好（比例）" in report
    assert "“比例”：得分达到优秀，因比例限制改为良好。" in report
    with season.site.database.writing() as session:
        version = session.get_one(ScoreVersion, (season.assessment_id, CERTIFIED))
        body = version.body | {"format": "ceping-scores/3"}
        earlier, version.body, version.digest = version.digest, body, digest_of(body)
        for approval in session.scalars(sa.select(Approval).where(Approval.subject == earlier)):
            approval.subject = version.digest
        session.commit()
    letter, report = texts(season, tmp_path)
    assert "良好" in letter
    assert "因比例限制" not in letter
    assert "比例”" not in report


@pytest.mark.parametrize(
    ("final", "vetoed", "band", "words"),
    [
        ("95", False, "优秀", []),
        ("95", False, "良好", [MOVED]),
        ("95", True, "不合格", ["因一票否决由优秀改为不合格"]),
        ("12", True, "不合格", []),
        (None, True, None, []),
    ],
)
def test_the_words(final: str | None, vetoed: bool, band: str | None, words: list[str]) -> None:
    told = None if final is None else Figure(exact(Decimal(final)), final)
    none = Figure(exact(0), "0.00")
    result = ResultRecord(told, none, none, told, vetoed, pending=0, withheld=0, band=band, rank=1, ranked=1)
    assert result.band_moves(ScoringRules(top_quota=Decimal("0.5"))) == words
