"""Every figure of a season worked out again from its plan, in plain arithmetic.

It shares nothing with the site: no import of it, no look into a database. What the year's frameworks say it reads from
their YAML files and the plan's edits.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import yaml

from surveys.entry.worlds.season.plan import Event, Fate, Rules, Season, Unit, Vote

FOLDER = Path(__file__).parents[1] / "surveys" / "catalog" / "frameworks"
GRADES = {"A": Fraction(100), "B": Fraction(80), "C": Fraction(60), "D": Fraction(40)}
ITEMS, ASPECTS = 9, 7
QUORUM = Fraction(2, 3)
METHODS = {"综合评定": "comprehensive"}


@dataclass(frozen=True)
class Row:
    key: str
    block: str
    kind: str
    points: Fraction
    methods: tuple[str, ...]
    applies_to: tuple[str, ...]
    starts_full: bool


@dataclass(frozen=True)
class Poll:
    """`forms`: the organization's questions, then each leader's. `scores`: of each form."""

    valid: int
    forms: tuple[tuple[Fraction | None, ...], ...]
    scores: tuple[Fraction | None, ...]
    counts: bool

    @property
    def score(self) -> Fraction | None:
        return self.scores[0]


@dataclass(frozen=True)
class Result:
    """`votes`: what the polls come to; `democratic`: the same, where the row is marked by it. `rows`: state and points
    by key. `blocks`: got and points by code."""

    polls: tuple[Poll, ...]
    votes: Fraction | None
    democratic: Fraction | None
    rows: Mapping[str, tuple[str, Fraction | None]]
    blocks: Mapping[str, tuple[Fraction, Fraction]]
    base: Fraction | None
    bonus: Fraction
    deduction: Fraction
    final: Fraction | None
    vetoed: bool
    band: str | None = None
    rank: int | None = None


def recomputed(season: Season, rules: Rules | None = None, *, corrected: bool = True) -> dict[str, Result]:
    """By unit. `rules`: instead of the season's own. Not `corrected`: before the objections were answered."""
    used = rules or season.rules
    frameworks = {key: _rows(key, season) for key in {unit.framework for unit in season.units}}
    weights = {key: _block_points(key) for key in frameworks}
    found = {
        unit.name: _result(unit, frameworks[unit.framework], weights[unit.framework], used, corrected)
        for unit in season.units
    }
    for category in {unit.category for unit in season.units}:
        own = [unit.name for unit in season.units if unit.category == category]
        found |= _placed({name: found[name] for name in own}, used)
    return {unit.name: found[unit.name] for unit in season.units}


def half_up(value: Fraction) -> Fraction:
    """In hundredths, as people see it."""
    return Fraction((value * 100 + Fraction(1, 2)).__floor__(), 100)


def _content(key: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((FOLDER / f"{key}.yaml").read_text(encoding="utf-8"))
    return found


def _rows(key: str, season: Season) -> list[Row]:
    changed = {(edit.row_key, edit.title): edit.value for edit in season.edits[key]}
    rows = []
    for block in _content(key)["blocks"]:
        for indicator in block["indicators"]:
            for content in indicator["contents"]:
                for each in content["standards"]:
                    methods = changed.get((each["key"], "测评方法"))
                    rows.append(
                        Row(
                            each["key"],
                            block["code"],
                            each.get("kind", "standard"),
                            Fraction(changed.get((each["key"], "分值"), each["points"])),
                            (METHODS[methods],) if methods else tuple(each["methods"]),
                            tuple(each.get("applies_to", ())),
                            each.get("starts_full", False),
                        )
                    )
    return rows


def _block_points(key: str) -> dict[str, Fraction]:
    return {block["code"]: Fraction(block["points"]) for block in _content(key)["blocks"]}


# The vote.


def _poll(vote: Vote, leaders: int) -> Poll:
    valid = {each.key: [sheet for sheet in each.ballots if _is_valid(sheet, vote.blank)] for each in vote.classes}
    weights = {each.key: Fraction(each.weight) for each in vote.classes}
    starts = [0, *(ITEMS + ASPECTS * number for number in range(leaders))]
    lengths = [ITEMS, *[ASPECTS] * leaders]
    forms = tuple(
        tuple(_question(valid, weights, place, vote.blank) for place in range(start, start + length))
        for start, length in zip(starts, lengths, strict=True)
    )
    cast = sum(len(each.ballots) for each in vote.classes)
    issued = sum(len(each.ballots) + each.unused for each in vote.classes)
    present = cast if vote.present is None else vote.present
    return Poll(
        valid=sum(map(len, valid.values())),
        forms=forms,
        scores=tuple(_mean([(each, Fraction(1)) for each in form]) for form in forms),
        counts=cast <= issued and Fraction(present, vote.entitled) >= QUORUM,
    )


def _is_valid(sheet: str, blank: str) -> bool:
    return "-" not in sheet if blank == "spoil" else set(sheet) != {"-"}


def _question(
    valid: Mapping[str, Sequence[str]], weights: Mapping[str, Fraction], place: int, blank: str
) -> Fraction | None:
    parts = []
    for key, sheets in valid.items():
        letters = [sheet[place] for sheet in sheets]
        graded = [GRADES[letter] for letter in letters if letter in GRADES]
        base = len(graded) + (letters.count("-") if blank == "zero" else 0)
        parts.append((sum(graded, Fraction(0)) / base if base else None, weights[key]))
    return _mean(parts)


def _mean(parts: Iterable[tuple[Fraction | None, Fraction]]) -> Fraction | None:
    known = [(score, weight) for score, weight in parts if score is not None]
    total = sum((weight for _, weight in known), Fraction(0))
    return sum((score * weight for score, weight in known), Fraction(0)) / total if total else None


def _democratic(unit: Unit, polls: Sequence[Poll]) -> tuple[str, Fraction | None]:
    """(state of the row, score): the last poll of each team counts."""
    last = dict(zip((vote.team for vote in unit.votes), zip(unit.votes, polls, strict=True), strict=True))
    if not last:
        return "pending", None
    score = None
    if all(poll.score is not None for _, poll in last.values()):
        score = _mean((poll.score, Fraction(vote.weight)) for vote, poll in last.values())
    counts = score is not None and all(poll.counts for _, poll in last.values())
    return "marked" if counts else "withheld", score


# The ledger.


def _counting(unit: Unit, rows: Mapping[str, Row], corrected: bool) -> list[Event]:
    """The entries that count: standing, on a row that counts, and of one kind and occasion the highest."""
    gone = {place for each in unit.objections if each.accepted and corrected for place in each.cancelled}
    standing = [
        event
        for place, event in enumerate(unit.events)
        if event.fate in (Fate.STANDS, Fate.DISMISSED) and place not in gone and event.row_key in rows
    ]
    kept: list[Event] = []
    for event in standing:
        rivals = [other for other in kept if _same_occasion(event, other, rows)]
        if not rivals:
            kept.append(event)
        elif _worth(event) > _worth(rivals[0]):
            kept[kept.index(rivals[0])] = event
    return kept


def _same_occasion(one: Event, other: Event, rows: Mapping[str, Row]) -> bool:
    names = [unicodedata.normalize("NFKC", event.occasion).casefold().replace(" ", "") for event in (one, other)]
    return bool(names[0]) and names[0] == names[1] and rows[one.row_key].kind == rows[other.row_key].kind


def _worth(event: Event) -> Fraction:
    return Fraction(event.points or "0")


# The sheet.


def _result(
    unit: Unit, framework: Sequence[Row], weights: Mapping[str, Fraction], rules: Rules, corrected: bool
) -> Result:
    polls = tuple(_poll(vote, len(unit.leaders)) for vote in unit.votes)
    fits = {row.key: row for row in framework if not row.applies_to or set(row.applies_to) & set(unit.tags)}
    exempted = {each.row_key for each in unit.exemptions if not each.taken_back}
    counting = {key: row for key, row in fits.items() if key not in exempted}
    events = _counting(unit, counting, corrected)
    rows: dict[str, tuple[str, Fraction | None]] = {}
    for row in framework:
        if row.key not in fits:
            rows[row.key] = ("not_applicable", None)
        elif row.key in exempted:
            rows[row.key] = ("exempted", None)
        else:
            rows[row.key] = _row(unit, row, [event for event in events if event.row_key == row.key], polls, corrected)
    got = {key: points for key, (_, points) in rows.items() if points is not None}
    standard = [row for row in framework if row.kind == "standard"]
    blocks = {
        code: (
            sum((got[row.key] for row in standard if row.block == code and row.key in got), Fraction(0)),
            sum((row.points for row in standard if row.block == code and row.key in got), Fraction(0)),
        )
        for code in dict.fromkeys(row.block for row in standard)
    }
    vote_row = next(row.key for row in framework if row.methods == ("democratic",))
    votes = _democratic(unit, polls)[1]
    unknown = any(state in ("pending", "withheld") for state, _ in rows.values())
    base = None if unknown else _base(blocks, weights, rules.mode)
    bonus = _capped(framework, got, "bonus", Fraction(rules.bonus_cap))
    deduction = _capped(framework, got, "deduction", Fraction(rules.deduction_cap))
    return Result(
        polls=polls,
        votes=votes,
        democratic=votes if rows[vote_row][0] == "marked" and unit.confirmed is None else None,
        rows=rows,
        blocks=blocks,
        base=base,
        bonus=bonus,
        deduction=deduction,
        final=None if base is None else max(Fraction(0), base + bonus - deduction),
        vetoed=any(got.get(row.key, 0) for row in framework if row.kind == "veto"),
    )


def _row(
    unit: Unit, row: Row, events: Sequence[Event], polls: Sequence[Poll], corrected: bool
) -> tuple[str, Fraction | None]:
    total = sum(map(_worth, events), Fraction(0))
    if row.kind == "veto":
        return "marked", Fraction(len(events) > 0)
    if row.kind in ("bonus", "deduction"):
        return "marked", total
    if row.starts_full:
        return "marked", max(row.points - total, Fraction(0))
    if row.methods == ("democratic",):
        if unit.confirmed is not None:
            return "marked", Fraction(unit.confirmed.points)
        state, score = _democratic(unit, polls)
        return state, None if score is None or state != "marked" else score * row.points / 100
    marks = {mark.department: Fraction(mark.points) for mark in unit.marks if mark.row_key == row.key}
    for objection in unit.objections if corrected else ():
        if objection.accepted:
            marks |= {mark.department: Fraction(mark.points) for mark in objection.marks if mark.row_key == row.key}
    return ("marked", sum(marks.values(), Fraction(0)) / len(marks)) if marks else ("pending", None)


def _base(
    blocks: Mapping[str, tuple[Fraction, Fraction]], weights: Mapping[str, Fraction], mode: str
) -> Fraction | None:
    applying = {code: (got, points) for code, (got, points) in blocks.items() if points}
    if not applying:
        return None
    if mode == "whole":
        return 100 * sum(got for got, _ in applying.values()) / sum(points for _, points in applying.values())
    shares = sum(weights[code] * got / points for code, (got, points) in applying.items())
    return 100 * shares / sum(weights[code] for code in applying)


def _capped(framework: Sequence[Row], got: Mapping[str, Fraction], kind: str, cap: Fraction) -> Fraction:
    each = (min(got.get(row.key, Fraction(0)), row.points) for row in framework if row.kind == kind)
    return min(sum(each, Fraction(0)), cap)


# Bands and ranks, within a category.


def _placed(results: Mapping[str, Result], rules: Rules) -> dict[str, Result]:
    shown = {name: half_up(each.final) for name, each in results.items() if each.final is not None}
    names = [band for band, _ in rules.bands]
    placed = {}
    for name, each in results.items():
        if name not in shown:
            placed[name] = each
            continue
        band = next(band for band, floor in rules.bands if shown[name] >= Fraction(floor))
        if each.vetoed and names.index(band) < names.index(rules.veto_band):
            band = rules.veto_band
        rank = 1 + sum(other > shown[name] for other in shown.values())
        placed[name] = replace(each, band=band, rank=rank)
    best = sorted(each.rank for each in placed.values() if each.rank and each.band == names[0])
    places = Fraction(rules.top_quota or 100) * len(shown) // 100
    for name, each in placed.items():
        if each.rank and each.band == names[0] and best.index(each.rank) >= places:
            placed[name] = replace(each, band=names[1])
    return placed
