"""Keying returned paper ballots: what a cell may hold, and where two hands differ.

A cell is one stroke on a number pad: 1 to 9 are the choices as offered, 0 is a blank. From the tenth choice on there is
no digit left: a grade is keyed by its letter (J), 弃权 by its own (`*`). Any choice may be keyed by its letter.
"""

import unicodedata
from collections.abc import Iterable, Mapping

from surveys.polling.sheet import BLANK, Choice, Form, Question, Questionnaire, Sheet

BLANK_SIGN = "0"
BLANK_NAME = "未填"
_DIGITS = "123456789"


class BadCells(Exception):
    """Cells that cannot be taken. `faults`: by field name, what was typed there; an empty text for an empty cell."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__(", ".join(faults))
        self.faults = faults


def letter_of(questionnaire: Questionnaire, typed: str) -> str | None:
    """The answer sheet's letter for what was typed, digit or letter, full-width too; None when it is neither."""
    sign = unicodedata.normalize("NFKC", typed).strip().upper()
    if sign in (BLANK_SIGN, BLANK):
        return BLANK
    for own, choice in _signed(questionnaire):
        if sign in (own, choice.letter):
            return choice.letter
    return None


def _signed(questionnaire: Questionnaire) -> list[tuple[str, Choice]]:
    """Each choice with what is keyed for it."""
    choices = questionnaire.offered
    rest = (choice.letter for choice in choices[len(_DIGITS) :])
    return list(zip((*_DIGITS[: len(choices)], *rest), choices, strict=True))


def signs(questionnaire: Questionnaire) -> list[tuple[str, str]]:
    """What may be keyed and what it means, for whoever keys: (sign, name), the blank last."""
    return [*((sign, choice.name) for sign, choice in _signed(questionnaire)), (BLANK_SIGN, BLANK_NAME)]


def allowed(questionnaire: Questionnaire) -> str:
    """Every character a cell takes, once."""
    letters = (choice.letter for choice in questionnaire.offered)
    return "".join(dict.fromkeys([*(sign for sign, _ in signs(questionnaire)), *letters, BLANK]))


def sign_of(questionnaire: Questionnaire, letter: str) -> str:
    """What is typed for a letter. Raises StopIteration for one that is not offered."""
    if letter == BLANK:
        return BLANK_SIGN
    return next(sign for sign, choice in _signed(questionnaire) if choice.letter == letter)


def name_of(questionnaire: Questionnaire, letter: str) -> str:
    """A letter as people say it. Raises StopIteration for one that is not offered."""
    return BLANK_NAME if letter == BLANK else next(each.name for each in questionnaire.offered if each.letter == letter)


def signs_of(questionnaire: Questionnaire, letters: Iterable[str]) -> list[tuple[str, str]]:
    """Of these letters, as `signs`. Raises StopIteration for one that is not offered."""
    return [(sign_of(questionnaire, letter), name_of(questionnaire, letter)) for letter in letters]


def read(sheet: Sheet, typed: Mapping[str, str]) -> str:
    """The answer sheet that was keyed, by field name. A blank must be keyed too. Raises BadCells."""
    letters, faults = [], {}
    for form, question in cells(sheet):
        field = form.field(question)
        letter = letter_of(form.questionnaire, typed.get(field, ""))
        if letter is None:
            faults[field] = typed.get(field, "").strip()
        else:
            letters.append(letter)
    if faults:
        raise BadCells(faults)
    return "".join(letters)


def settled(sheet: Sheet, first: str, second: str, typed: Mapping[str, str]) -> str:
    """The answer sheet where two hands differed: of each such cell one of their two letters, the rest as both have it.
    Raises BadCells."""
    letters, faults = list(first), {}
    for place in differing(first, second):
        form, question = cells(sheet)[place]
        field = form.field(question)
        letter = letter_of(form.questionnaire, typed.get(field, ""))
        if letter in (first[place], second[place]):
            letters[place] = letter
        else:
            faults[field] = typed.get(field, "").strip()
    if faults:
        raise BadCells(faults)
    return "".join(letters)


def shown(sheet: Sheet, answers: str) -> dict[str, str]:
    """An answer sheet as it was keyed: signs by field name."""
    return {
        form.field(question): sign_of(form.questionnaire, letter)
        for (form, question), letter in zip(cells(sheet), answers, strict=True)
    }


def cells(sheet: Sheet) -> list[tuple[Form, Question]]:
    """Every question with its form, in the order of the answer sheet."""
    return [(form, question) for form in sheet.forms() for question in form.questionnaire.questions]


def differing(one: str, other: str) -> tuple[int, ...]:
    """The places in which two answer sheets differ."""
    return tuple(place for place, (left, right) in enumerate(zip(one, other, strict=True)) if left != right)
