"""Where a ballot class has no votes, in the words that page, tally sheet, derivation and letter share.

The rule is `scoring.class_weights`'s. `share`: of all the weight, 0 to 1.
"""

from collections.abc import Sequence

from surveys.catalog.model import plain
from surveys.scoring.exact import Score, shown, total

SOME_CLASS = "有的票种没有有效票，它的权重由其他票种分摊。"
"""For the unit that was rated, where the name would tell it more than the board does."""


def named(key: str, name: str) -> str:
    return f"{key} 票（{name}）"


def without_ballots(names: Sequence[str], shares: Sequence[Score]) -> str:
    """Of the whole poll."""
    return f"{'、'.join(names)}没有有效票，{_weight(shares)}由其他票种分摊。"


def without_votes(places: str, names: Sequence[str], shares: Sequence[Score]) -> str:
    """On some questions alone. `places`: which, in words."""
    return f"{places}没有 {'、'.join(names)}的评价，{_weight(shares)}在这里由其他票种分摊。"


def on_items(keys: Sequence[str]) -> str:
    """The same for the unit that was rated, which is not told how a class answered."""
    return f"第 {'、'.join(keys)} 项不是每个票种都有评价，没有评价的票种的权重由其他票种分摊。"


def per_cent(share: Score) -> str:
    return f"{plain(shown(100 * share))}%"


def _weight(shares: Sequence[Score]) -> str:
    several = len(shares) > 1
    return f"{'它们的权重共' if several else '它的权重'} {per_cent(total(shares))} "
