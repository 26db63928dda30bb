"""Which passwords people may choose: none that is guessed soon, nor one of the last ones (docs/decisions/0018)."""

from collections.abc import Iterable, Sequence

from zxcvbn import zxcvbn

from surveys.acts.errors import BadInput
from surveys.acts.limits import MINIMUM_PASSWORD
from surveys.office import passwords

REMEMBERED = 5
"""Of an account's passwords, beside the present one."""
SCORE = 3
"""Of zxcvbn's 0 to 4: more than 10^8 guesses by who knows words, names, dates, keyboards and letters put otherwise."""
_LOOKED_AT = 72
"""Characters: zxcvbn takes no more."""
SITE = ("ceping", "测评", "mima", "密码")


def require_fit(new: str, names: Iterable[str]) -> None:
    """`names`: of the account and its holder, which others guess first. Raises BadInput."""
    if len(new) < MINIMUM_PASSWORD:
        raise BadInput(f"新密码至少 {MINIMUM_PASSWORD} 个字符，密码没有改动。")
    known = [part for each in (*names, *SITE) for part in (each, each[::-1]) if part]
    if any(each.casefold() in new.casefold() and 2 * len(each) >= len(new) for each in known):
        raise BadInput("新密码里有一半以上是账号名，太容易被猜到，密码没有改动。请换一个。")
    if zxcvbn(new[:_LOOKED_AT], user_inputs=known)["score"] < SCORE:
        raise BadInput(
            "新密码太容易被猜到（常用的词、连着的数字或键、重复、年份），密码没有改动。"
            "请换一个，例如把三四个不相干的词连起来。"
        )


def require_new(new: str, old: str, past: Sequence[str]) -> None:
    """`past`: hashes of the passwords before. Takes a tenth of a second for each. Raises BadInput."""
    if passwords.is_same(new, old):
        raise BadInput("新密码和原来的一样，密码没有改动。请另想一个。")
    if any(passwords.matches(each, False, new) for each in past):
        raise BadInput(f"这个密码以前用过，密码没有改动。请另想一个，不要和最近 {REMEMBERED + 1} 个相同。")
