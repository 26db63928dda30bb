"""Who may be a hand where an act takes two people: the one place that says so."""

from collections.abc import Collection

from surveys.acts.actors import Actor
from surveys.acts.errors import NotAllowed

ADMIN = "另一名管理员"


def why_not(actor: Actor, earlier: Collection[int], other: str = ADMIN) -> str | None:
    """Why this account cannot be the next hand, in Chinese; None where it can.

    `earlier`: the accounts whose hands are in it already, also who keyed, proposed or asked. `other`: who is to come
    instead. Whether the account may do the act at all is for the act to say.
    """
    if actor.account_id is None:
        return f"命令行没有账号，不能作为两人中的一人。请{other}登录后在页面上操作。"
    if actor.account_id in earlier:
        return f"这件事已经有您的一份，须由{other}来做。"
    return None


def require_hand(actor: Actor, earlier: Collection[int] = (), other: str = ADMIN) -> int:
    """The account of the next hand. Raises NotAllowed."""
    why = why_not(actor, earlier, other)
    if why is not None or actor.account_id is None:
        raise NotAllowed(why or "")
    return actor.account_id
