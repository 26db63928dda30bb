"""Where a request came from: asked for by the limit on sign-ins, and in part by the audit log."""

import hashlib
import hmac
import ipaddress
import secrets

from flask import g, request

from surveys.acts.actors import Origin
from surveys.settings import Settings


def address(settings: Settings) -> str:
    """The caller's address, of IPv6 the network; empty where a proxy in front does not say.

    A proxy adds whom it saw at the end of X-Forwarded-For. What stands before that anybody can write.
    """
    peer = _read(request.remote_addr or "")
    if peer in settings.trusted_proxies:
        return _network(_read(request.headers.get("X-Forwarded-For", "").rpartition(",")[2]))
    return _network(peer)


def origin(settings: Settings) -> Origin:
    """Of this request; the same however often it is asked for."""
    if "origin" not in g:
        g.origin = Origin(network_digest(settings), secrets.token_hex(8))
    found: Origin = g.origin
    return found


def network_digest(settings: Settings) -> str:
    """A keyed digest of the caller's /24 or /56, the same for the same network: tells whether two acts came from one
    place, and not from which. Empty where nobody knows."""
    found = address(settings)
    if not found:
        return ""
    length = 56 if ":" in found else 24
    network = ipaddress.ip_network(f"{found.partition('/')[0]}/{length}", strict=False)
    key = settings.secret_key.encode()
    return hmac.new(key, f"network {network}".encode(), hashlib.sha256).hexdigest()[:16]


def _read(text: str) -> str:
    try:
        found = ipaddress.ip_address(text.strip())
    except ValueError:
        return ""
    return str(getattr(found, "ipv4_mapped", None) or found)


def _network(text: str) -> str:
    """Whoever has an IPv6 address has 2**64 of them."""
    if ":" not in text:
        return text
    return str(ipaddress.ip_network(f"{text}/64", strict=False))
