"""Browsers in which an account has signed in: what one is given then, and shows at the next sign-in. It opens nothing;
whoever shows it is not kept waiting for what strangers type (docs/decisions/0018).
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable

from surveys.acts.site import Site
from surveys.storage.tables import Account

_PROOF = re.compile(r"([0-9a-f]{32})\.([0-9a-f]{64})")


def proof(site: Site, account: Account, browser: str = "") -> str:
    """What a browser is given; one that was known keeps its number. Void once the account's password is another."""
    browser = browser or secrets.token_hex(16)
    return f"{browser}.{_signature(site, account, browser)}"


def known(site: Site, account: Account | None, proofs: Iterable[str]) -> str:
    """The number of the browser that shows these proofs, if one is this account's; else nothing."""
    if account is None:
        return ""
    shown = [found.groups() for found in map(_PROOF.fullmatch, proofs) if found is not None]
    own = (each for each, signature in shown if hmac.compare_digest(signature, _signature(site, account, each)))
    return next(own, "")


def _signature(site: Site, account: Account, browser: str) -> str:
    text = f"ceping known browser 1 {account.id} {browser} {account.password_hash}"
    return hmac.new(site.settings.secret_key.encode(), text.encode(), hashlib.sha256).hexdigest()
