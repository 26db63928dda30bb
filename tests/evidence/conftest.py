"""Ground to hand in on, and the promise that it stays as it was."""

from collections.abc import Iterator

import pytest

from surveys.acts.site import Site
from tests.builders import build_unit, dump
from tests.evidence.ground import Ground, new_reporter


@pytest.fixture
def ground(site: Site) -> Ground:
    assessment_id, unit_id = build_unit(site, "样例局")
    _, other_id = build_unit(site, "另一个局", assessment_id=assessment_id)
    first, second = new_reporter(site, "报送甲", unit_id), new_reporter(site, "报送乙", other_id)
    return Ground(site, assessment_id, unit_id, first, other_id, second)


@pytest.fixture
def unchanged(ground: Ground) -> Iterator[None]:
    """The test leaves the database and the store as they were."""
    before = dump(ground.site.database), ground.stored()
    yield
    assert (dump(ground.site.database), ground.stored()) == before
    assert not ground.left_behind()
