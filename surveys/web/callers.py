"""Where a request came from: asked for by the limit on sign-ins alone."""

import ipaddress

from flask import request

from surveys.web.access import site


def address() -> str:
    """The caller's address, of IPv6 the network; empty where a proxy in front does not say.

    A proxy adds whom it saw at the end of X-Forwarded-For. What stands before that anybody can write.
    """
    peer = _read(request.remote_addr or "")
    if peer in site().settings.trusted_proxies:
        return _network(_read(request.headers.get("X-Forwarded-For", "").rpartition(",")[2]))
    return _network(peer)


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
