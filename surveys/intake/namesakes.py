"""People of one name: a list may have them where their posts tell them apart, as a voter must."""

from surveys.intake.cleaning import folded, name_key

REMEDY = "是同一人就去掉一个；是同名的两人，请写明不同的职务。"


class Namesakes:
    """A list of people, met one by one."""

    def __init__(self) -> None:
        self._count = 0
        self._places: dict[str, dict[str, int]] = {}

    def met(self, name: str, post: str) -> int | None:
        """Which one met before this person cannot be told from, counted from 0: of the same name, with the same post
        or with one of the two posts empty. None where there is nobody, or no name."""
        place, self._count = self._count, self._count + 1
        own = folded(post).replace(" ", "")
        posts = self._places.setdefault(name_key(name), {}) if name_key(name) else {}
        before = posts.get(own, posts.get("")) if own else min(posts.values(), default=None)
        posts.setdefault(own, place)
        return before
