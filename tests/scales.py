"""Questionnaires with other scales than the shipped ones."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from string import ascii_uppercase

import pytest
import yaml

from surveys.catalog import loader
from surveys.catalog.model import Questionnaire

NAMES = ("极好", "很好", "较好", "尚好", "中等", "稍弱", "较差", "很差", "极差", "最末")


@contextmanager
def scaled(count: int, names: Sequence[str] = NAMES) -> Iterator[None]:
    """While it lasts the shipped questionnaires have this many grades, by these names."""
    forms = {key: _form(key, names[:count]) for key in loader.questionnaire_keys()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loader, "questionnaire", forms.__getitem__)
        yield


def _form(key: str, names: Sequence[str]) -> Questionnaire:
    """The shipped questionnaire with this many grades, from 100 down to 0, as a file that somebody hands in."""
    data = loader.questionnaire(key).to_json()
    data["grades"] = [
        {
            "letter": ascii_uppercase[place],
            "name": names[place],
            "weight": f"{100 - 100 * place / (len(names) - 1):.2f}",
        }
        for place in range(len(names))
    ]
    return loader.read_questionnaire(yaml.safe_dump(data, allow_unicode=True).encode(), f"{key}.yaml")
