"""What somebody writes as a reason: kept without space around it, refused where there is none or too much."""

import pytest

from surveys.acts.errors import BadInput
from surveys.acts.limits import LONGEST_REASON
from surveys.acts.reasons import written


def test_it_is_kept_as_written() -> None:
    assert written(" 补打\n分\u3000", "请写明理由。") == "补打\n分"
    assert written("长" * LONGEST_REASON, "请写明理由。") == "长" * LONGEST_REASON


@pytest.mark.parametrize("text", ["", " \n\u3000"])
def test_nothing_is_no_reason(text: str) -> None:
    with pytest.raises(BadInput, match="请写明理由"):
        written(text, "请写明理由。")


def test_too_much_says_how_much() -> None:
    with pytest.raises(BadInput, match=f"缘由有 {LONGEST_REASON + 1} 个字，最多 {LONGEST_REASON} 个字"):
        written(" " + "长" * (LONGEST_REASON + 1), "请写明缘由。", name="缘由")
    with pytest.raises(BadInput, match="最多 3 个字"):
        written("四个字了", "请写明理由。", most=3)
