"""Who may be a hand where an act takes two people: the one place that says so."""

from collections.abc import Collection
from datetime import timedelta

from surveys.acts.actors import Actor
from surveys.acts.errors import NotAllowed

ADMIN = "另一名管理员"
NO_AUDITOR = "本站按设置不设审计员，两人的账号没有第三个人核对。"
"""On papers, and on pages where two people act."""
NOT_YET = "本站尚未设审计员：账号由谁建立、重设没有第三个人核对，两个账号可能是一个人的。"
CODE_LASTS = timedelta(minutes=10)
"""For how long a code of the second factor is good for acts of two hands."""
CODE_MINUTES = CODE_LASTS // timedelta(minutes=1)
CODE_AGAIN = f"这件事要再输一次动态码：请在“两步登录”页输入，{CODE_MINUTES} 分钟之内再来操作。没有改动。"
ENROL_FIRST = "这件事要动态码：请先在“两步登录”页开通，再来操作。没有改动。"


def why_not(actor: Actor, earlier: Collection[int], other: str = ADMIN) -> str | None:
    """Why this account cannot be the next hand, in Chinese; None where it can.

    `earlier`: the accounts whose hands are in it already, also who keyed, proposed or asked. `other`: who is to come
    instead. Whether the account may do the act at all is for the act to say. What a hand is: an account made or last
    reset by somebody else than the other hand, and confirmed since by the auditor where there is one
    (docs/decisions/0026).
    """
    if actor.account_id is None:
        return f"命令行没有账号，不能作为两人中的一人。请{other}登录后在页面上操作。"
    if actor.wants_code:
        return actor.wants_code
    if actor.account_id in earlier:
        return f"这件事已经有您的一份，须由{other}来做。"
    if {each.account_id for each in actor.stands_for} & {*earlier} or actor.stood_for_by & {*earlier}:
        return f"代行的人和他代的人，在一件事里算一人，这件事已经有其中一人的一份。请{other}来做。"
    if actor.unconfirmed:
        return "您的账号新建或重设密码后，还没有经审计员确认，不能作为两人中的一人。请审计员在“账号确认”页确认。"
    if actor.given_by in earlier or actor.gave & {*earlier}:
        return (
            f"两个账号中的一个是另一个建立或重设密码的，不能同为两人。请{other}来做，或由别人重设密码并经审计员确认。"
        )
    return None


def require_hand(actor: Actor, earlier: Collection[int] = (), other: str = ADMIN) -> int:
    """The account of the next hand. Raises NotAllowed."""
    why = why_not(actor, earlier, other)
    if why is not None or actor.account_id is None:
        raise NotAllowed(why or "")
    return actor.account_id
