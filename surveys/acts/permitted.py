"""Who may do what, declared on each use case and checked there before anything else: the second door.

Casting has no actor: whoever holds a ticket votes. What reads the same for everybody has none either; it is shut on the
page (`surveys.web.access.needs`), by the same table (`surveys.acts.actors.WHO_MAY`).
"""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from surveys.acts.actors import WHO_MAY, Actor, Permission, Role
from surveys.acts.errors import NotAllowed

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

DECLARED: dict[str, frozenset[Permission]] = {}
"""Use case, as `module.function` -> the permissions of which one is enough."""


def permitted(*permissions: Permission) -> Callable[[Callable[Arguments, Result]], Callable[Arguments, Result]]:
    """A use case for whoever its `actor` is, if that account has one of these permissions. Raises NotAllowed."""

    def declare(use_case: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
        at = [*inspect.signature(use_case).parameters].index("actor")

        @wraps(use_case)
        def checked(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
            actor = kwargs.get("actor") or args[at]
            assert isinstance(actor, Actor)
            require(actor, permissions)
            return use_case(*args, **kwargs)

        DECLARED[f"{use_case.__module__}.{use_case.__name__}"] = frozenset(permissions)
        return checked

    return declare


def require(actor: Actor, permissions: tuple[Permission, ...]) -> None:
    """Raises NotAllowed, which names the roles that may."""
    if not any(actor.may(each) for each in permissions):
        if actor.must_change:
            raise NotAllowed("这是一次性密码，请先换成自己的密码。")
        if actor.must_enrol:
            raise NotAllowed("本站要求您的角色用两步登录，请先在“两步登录”页开通。")
        allowed = {role for each in permissions for role in WHO_MAY[each]}
        raise NotAllowed(f"只有{'、'.join(role.label for role in Role if role in allowed)}可以做这件事。")
