"""Why a vote comes to its score: its counts, items, ballot classes and teams in arithmetic that can be read."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from surveys.catalog.model import plain
from surveys.marking.democratic_row import ONE_TEAM
from surveys.marking.derivation_steps import Step, equals, figure
from surveys.outcome.figures import score_in
from surveys.outcome.vote_record import ItemRecord, PollRecord, VoteRecord
from surveys.polling.disclosure import classes_differ
from surveys.scoring.exact import Score, exact
from surveys.scoring.grades import ABSTAIN, BLANK, BlankPolicy
from surveys.vote import class_words


def counts_can_be_told(poll: PollRecord) -> bool:
    """Few ballots, or a class too small to be shown by itself, would tell the unit that was rated too much."""
    return not (poll.few or len(poll.classes) < poll.class_count)


def classes_can_be_told(poll: PollRecord) -> bool:
    """Whether the unit that was rated may know how each class answered: its counts, or an item's weighted score, from
    which together with the counts of all they follow. Where the counts were not kept by class, no."""
    if not counts_can_be_told(poll):
        return False
    by_class = [item.by_class for item in poll.items if item.by_class is not None]
    return poll.class_count == 1 or (len(by_class) == len(poll.items) and classes_differ(by_class))


def weight_words(poll: PollRecord, *, for_unit: bool) -> list[str]:
    """Which ballot classes' weights others took over, of the whole poll. The unit that was rated learns the name only
    where the board has it (nothing was returned), or where it is told the counts by class anyway."""
    if not poll.passed_on:
        return []
    if for_unit and any(each.returned for each in poll.passed_on) and not classes_can_be_told(poll):
        return [class_words.SOME_CLASS]
    names = [class_words.named(each.key, each.name) for each in poll.passed_on]
    return [class_words.without_ballots(names, [each.share.exact for each in poll.passed_on])]


def by_votes(most: Decimal, vote: VoteRecord, *, for_unit: bool) -> tuple[list[Step], Score | None]:
    if vote.is_by_team:
        steps, score = _by_teams(vote, for_unit=for_unit)
    else:
        steps, score = _by_poll(vote.poll, for_unit=for_unit)
        if score is None:
            why = vote.poll.shortcoming or (vote.poll.doubt if vote.poll.undecided else None)
            steps.append(Step(f"{why or '没有可计的票'}，这次测评不计分。"))
    return (steps, None) if score is None else _converted(most, score, steps)


def _by_teams(vote: VoteRecord, *, for_unit: bool) -> tuple[list[Step], Score | None]:
    """Several 班子, or one of them without a result yet."""
    steps: list[Step] = []
    known = []
    for team in vote.teams:
        name, score = team.team or ONE_TEAM, score_in(team.score)
        if team.poll is not None:
            told, score = _by_poll(team.poll, name, for_unit=for_unit)
            steps += told
        got = team.fault or ("没有可计的票" if score is None else f"得 {figure(score)}")
        steps.append(Step(f"{name}的测评会：{got}，权重 {plain(team.weight)}。"))
        if score is not None and not team.fault:
            known.append((score, exact(team.weight)))
    if vote.waiting:
        return [*steps, Step(f"{'、'.join(vote.waiting)}的测评会还没有结果，出来以前不计分。")], None
    if len(known) < len(vote.teams):
        return [*steps, Step("有的班子没有达到计分条件，这次测评不计分。")], None
    total = sum((weight for _, weight in known), Fraction(0))
    score = sum((each * weight for each, weight in known), Fraction(0)) / total
    parts = " + ".join(f"{figure(each)} × {figure(weight)}" for each, weight in known)
    steps.append(Step("各班子按权重合成，得测评分", f"({parts}) ÷ {figure(total)} {equals(score)}"))
    return steps, score


def _converted(most: Decimal, score: Score, steps: list[Step]) -> tuple[list[Step], Score]:
    full = exact(most)
    points = full * score / 100
    steps.append(Step("折合成这一行的分数", f"{figure(full)} × {figure(score)} ÷ 100 {equals(points)}"))
    if points > full:
        steps.append(Step(f"超过满分，计 {figure(full)}。"))
    elif points < 0:
        steps.append(Step("低于 0 分，计 0。"))
    return steps, min(max(points, Fraction(0)), full)


def _by_poll(poll: PollRecord, team: str = "", *, for_unit: bool) -> tuple[list[Step], Score | None]:
    """One poll, of a named 班子 where there are several; no score where it falls short."""
    present = "未登记" if poll.present is None else poll.present
    steps = [
        Step(
            f"{team and f'{team}，'}{poll.title}：应到 {poll.entitled}，实到 {present}，发出 {poll.issued}，"
            f"收回 {poll.returned}，有效 {poll.valid}。封存码 {poll.seal}。"
        )
    ]
    score = score_in(poll.score)
    if poll.doubt is not None:
        fate = "须由两名管理员决定算不算" if poll.undecided else f"经两人决定照计。理由：{poll.counted_for}"
        steps.append(Step(f"{poll.doubt}，{fate}"))
    if poll.shortcoming is not None or score is None or poll.undecided:
        return steps, None
    steps += map(Step, weight_words(poll, for_unit=for_unit))
    if for_unit and not counts_can_be_told(poll):
        steps.append(Step("有效票太少，或有的票种太少，逐题的票数不列出，以免看出各人怎么填。"))
        return steps, score
    if for_unit and not classes_can_be_told(poll):
        return [*steps, *_totals(poll, score)], score
    steps += _items(poll)
    if all(item.score is not None for item in poll.items):
        score = _form_score(poll.items, steps)
    return steps, score


def _totals(poll: PollRecord, score: Score) -> Iterator[Step]:
    """The counts of all classes together, and what the form comes to. Between them would be what tells the classes'."""
    yield _scale(poll)
    for item in poll.items:
        yield Step(f"第 {item.key} 题，各票种合计：{_count_words(poll, item.counts)}")
    yield Step("有的票种在有的题上填得太一致，各票种的票数和各题的得分不列出，以免看出各人怎么填。")
    yield Step("各题先按票种分别平均，再按权重合成，各题平均，得测评分", figure(score))


def _scale(poll: PollRecord) -> Step:
    names = "、".join(f"{grade.name} {plain(grade.weight)}" for grade in poll.grades)
    return Step(f"每张有效票按等次折分：{names}。{_BLANKS[poll.blank]}")


def _items(poll: PollRecord) -> Iterator[Step]:
    weights = {grade.letter: exact(grade.weight) for grade in poll.grades}
    yield _scale(poll)
    for item in poll.items:
        if item.by_class is not None:
            yield from _by_class(poll, item, item.by_class, weights)
            continue
        words = f"第 {item.key} 题：{_count_words(poll, item.counts)}"
        score = score_in(item.score)
        if poll.class_count == 1 and score is None:
            yield Step(f"{words}。没有人评这一题，不计入。")
            continue
        if poll.class_count > 1 or score is None:
            by = "、".join(f"{each.name}权重 {plain(each.weight)}" for each in poll.classes)
            how = f"各票种先分别平均，再按权重（{by}）加权"
            yield Step(f"{words}。{how}", "" if score is None else f"得 {figure(score)}")
            continue
        yield Step(words, _mean(poll, item.counts, weights)[0])


def _by_class(
    poll: PollRecord, item: ItemRecord, by_class: Mapping[str, Mapping[str, int]], weights: Mapping[str, Score]
) -> Iterator[Step]:
    """An item of a poll with several ballot classes: each one's mean, then their mean by weight."""
    known: list[tuple[Score, Score]] = []
    for entry in poll.classes:
        counts = by_class[entry.key]
        words = f"第 {item.key} 题，{entry.name}：{_count_words(poll, counts)}"
        told, got = _mean(poll, counts, weights)
        if got is None:
            words += f"。没有人评这一题，{_fate(item, entry.key)}"
        else:
            known.append((got, exact(entry.weight)))
        yield Step(words, told)
    total = sum((weight for _, weight in known), Fraction(0))
    if total:
        parts = " + ".join(f"{figure(got)} × {figure(weight)}" for got, weight in known)
        score = sum((got * weight for got, weight in known), Fraction(0)) / total
        yield Step(f"第 {item.key} 题，各票种按权重平均", f"({parts}) ÷ {figure(total)} {equals(score)}")


def _fate(item: ItemRecord, class_key: str) -> str:
    """What becomes of the weight of a class without votes on an item."""
    share = item.passed_on.get(class_key)
    return "不计入" if share is None else f"权重 {class_words.per_cent(share.exact)} 由其他票种分摊"


def _mean(poll: PollRecord, counts: Mapping[str, int], weights: Mapping[str, Score]) -> tuple[str, Score | None]:
    """What these votes come to, and the sum in figures; nothing where nobody is counted."""
    counted = {letter: count for letter, count in counts.items() if letter in weights}
    divisor = sum(counted.values()) + (counts.get(BLANK, 0) if poll.blank is BlankPolicy.ZERO else 0)
    if divisor == 0:
        return "", None
    parts = " + ".join(f"{count}×{figure(weights[letter])}" for letter, count in counted.items())
    got = sum((weights[letter] * count for letter, count in counted.items()), Fraction(0)) / divisor
    return f"({parts}) ÷ {divisor} {equals(got)}", got


_BLANKS = {
    BlankPolicy.EXCLUDE: "未填的不计入这一题。",
    BlankPolicy.ZERO: "未填的按 0 分计。",
    BlankPolicy.SPOIL: "有未填的票作废。",
}


def _count_words(poll: PollRecord, found: Mapping[str, int]) -> str:
    names = {grade.letter: grade.name for grade in poll.grades} | {
        ABSTAIN: poll.abstain or "弃权",  # of versions frozen before its name was kept
        BLANK: "未填",
    }
    counts = {letter: count for letter, count in found.items() if count or letter not in (ABSTAIN, BLANK)}
    return "，".join(f"{names[letter]} {count}" for letter, count in counts.items())


def _form_score(items: Sequence[ItemRecord], steps: list[Step]) -> Score:
    """The weighted mean of the items, with its step."""
    pairs = [(score_in(item.score) or Fraction(0), exact(item.weight)) for item in items]
    total = sum((weight for _, weight in pairs), Fraction(0))
    score = sum((each * weight for each, weight in pairs), Fraction(0)) / total
    if len({weight for _, weight in pairs}) == 1:
        parts, divisor = " + ".join(figure(each) for each, _ in pairs), str(len(pairs))
    else:
        parts, divisor = " + ".join(f"{figure(each)}×{figure(weight)}" for each, weight in pairs), figure(total)
    steps.append(Step("各题平均，得测评分", f"({parts}) ÷ {divisor} {equals(score)}"))
    return score
