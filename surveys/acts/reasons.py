"""Why somebody did something, in their words: what is written, is kept as written, without space around it."""

from surveys.acts.errors import BadInput
from surveys.acts.limits import LONGEST_REASON


def written(text: str, missing: str, *, name: str = "理由", most: int = LONGEST_REASON) -> str:
    """As it is kept. `missing`: what is said where nothing was written. Raises BadInput."""
    text = text.strip()
    if not text:
        raise BadInput(missing)
    if len(text) > most:
        raise BadInput(f"{name}有 {len(text)} 个字，最多 {most} 个字。")
    return text
