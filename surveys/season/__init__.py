"""A year's assessment as it is set up: units, rosters, frameworks, rules, what applies to whom."""
