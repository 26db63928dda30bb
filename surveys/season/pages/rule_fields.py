"""The fields of the scoring rules: to and from what is typed, for the page before marking and the one during it."""

from typing import Any

from surveys.scoring.score_sheet import ScoringRules
from surveys.season import rule_editing
from surveys.season.pages.forms import RulesForm
from surveys.season.rule_editing import RulesEntry


def typed_rules(form: RulesForm) -> RulesEntry:
    return RulesEntry(
        form.mode.data or "",
        form.bonus_cap.data,
        form.deduction_cap.data,
        rule_editing.parse_bands(form.bands.data),
        form.veto_band.data,
        form.top_quota.data or "",
        form.mark_step.data or "",
    )


def form_values(rules: ScoringRules) -> dict[str, Any]:
    """The rules as somebody would type them, by field."""
    entry = rule_editing.entry_of(rules)
    return vars(entry) | {"bands": "\n".join(f"{name} {floor}" for name, floor in entry.bands)}
