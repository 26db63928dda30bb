"""Connections that fall silent, for the scripts and tests that look who waits for them."""

import http.client
import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlencode

SILENT = 60
"""Of each kind: more than the threads of both workers."""

HOST = b"Host: 127.0.0.1\r\n"
SAYS = {
    "nothing": b"",
    "half-a-head": b"GET /help HTTP/1.1\r\n" + HOST + b"User-Ag",
    "half-a-body": b"POST /b/x HTTP/1.1\r\n" + HOST + b"Content-Length: 500\r\n\r\no-1=A&o-2=B",
    "chunks-without-end": b"POST /b/x HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabc",
}


def stalled_upload(port: int, name: str, password: str, path: str) -> bytes:
    """The head of an upload of 9 MB by somebody who is signed in, and the first bytes of its body."""
    head = f"POST {path} HTTP/1.1\r\nCookie: {session_cookie(port, name, password)}\r\nContent-Length: 9000000\r\n"
    boundary = "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
    part = '--b\r\nContent-Disposition: form-data; name="file"; filename="a.xlsx"\r\n\r\nabc'
    return HOST.join((head.encode(), (boundary + part).encode()))


def session_cookie(port: int, name: str, password: str) -> str:
    """What the browser of an account sends after signing in."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", "/login")
    page = connection.getresponse()
    token = re.search(rb'name="csrf_token"[^>]* value="([^"]+)"', page.read())
    if token is None:
        raise SystemExit("登录页上没有表单。")
    headers = {"Cookie": _cookie(page), "Content-Type": "application/x-www-form-urlencoded"}
    body = urlencode({"name": name, "password": password, "csrf_token": token[1].decode()})
    connection.request("POST", "/login", body, headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return _cookie(answer)


def _cookie(answer: http.client.HTTPResponse) -> str:
    return answer.headers["Set-Cookie"].split(";")[0]


@contextmanager
def silent(port: int, said: bytes, count: int = SILENT) -> Iterator[list[socket.socket]]:
    """So many connections that said this and then nothing, and stay."""
    with ExitStack() as stack:
        found = [stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60)) for _ in range(count)]
        for each in found:
            each.sendall(said)
        yield found
