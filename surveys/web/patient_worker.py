"""gunicorn's thread worker, in which only a request that has come whole takes a thread (docs/decisions/0005).

Heads and the bodies of forms gather in the worker's own loop: a phone that falls silent there keeps a few bytes until
its time is up, and nobody waits for it. Uploads are read by a thread, by half of them at most, while they keep coming.
"""

import re
import selectors
import socket
import time
from collections import deque
from concurrent.futures import Future
from functools import partial
from typing import Any

from gunicorn.http import get_parser
from gunicorn.http.unreader import SocketUnreader
from gunicorn.workers.gthread import TConn, ThreadWorker

HEAD_SECONDS = 10
BODY_SECONDS = 15
WHOLE_BODY = 256 * 1024
"""Bytes. What is longer is an upload; no form is."""
LONGEST_HEAD = 64 * 1024
"""Bytes. The parser refuses less."""
UPLOAD_SECONDS = 20
UPLOAD_BYTES = 4 * 1024 * UPLOAD_SECONDS
"""An upload brings at least this much in any so many seconds."""
UNREAD_SECONDS = 30
"""Whoever takes nothing of an answer for so long is gone."""

PIECE = 64 * 1024
_LENGTH = re.compile(rb"^content-length:[ \t]*(\d{1,15})[ \t]*\r?$", re.I | re.M)
# Of these a thread must say when the body may come, or where it ends.
_UNKNOWN_END = re.compile(rb"^(?:transfer-encoding|expect|upgrade):", re.I | re.M)


class Arriving:
    """What has come of one request."""

    def __init__(self, data: bytes, now: float) -> None:
        self.data = bytearray()
        self.deadline = now + HEAD_SECONDS
        self.is_upload = False
        self._whole: int | None = None
        self.take(data, now)

    def take(self, piece: bytes, now: float) -> None:
        """`now`: seconds of a monotonic clock."""
        seen = max(len(self.data) - 3, 0)
        self.data += piece
        if self._whole is None:
            self._look_for_body(seen, now)

    @property
    def is_whole(self) -> bool:
        """Whether a thread can go on, without waiting for anybody unless it is an upload."""
        return len(self.data) >= (LONGEST_HEAD if self._whole is None else self._whole)

    def _look_for_body(self, seen: int, now: float) -> None:
        end = self.data.find(b"\r\n\r\n", seen)
        if end < 0:
            return
        head, length = bytes(self.data[: end + 2]), 0
        found = _LENGTH.findall(head)
        if found:
            length = int(found[0])
            self.deadline = now + BODY_SECONDS
        self.is_upload = length > WHOLE_BODY or len(found) > 1 or _UNKNOWN_END.search(head) is not None
        self._whole = end + 4 + (0 if self.is_upload else length)


class Pace:
    """How long the next bytes of an upload may take."""

    def __init__(self, now: float) -> None:
        self._since = now
        self._recent: deque[tuple[float, int]] = deque()
        self._held = 0

    def came(self, count: int, now: float) -> None:
        """Bytes; seconds of a monotonic clock."""
        self._recent.append((now, count))
        self._held += count
        while self._held - self._recent[0][1] >= UPLOAD_BYTES:
            self._held -= self._recent.popleft()[1]

    @property
    def deadline(self) -> float:
        """When the last `UPLOAD_SECONDS` will have brought too little."""
        enough = self._held >= UPLOAD_BYTES
        return (self._recent[0][0] if enough else self._since) + UPLOAD_SECONDS


class PacedUnreader(SocketUnreader):  # type: ignore[misc]
    """Reads from a socket while enough comes. Raises TimeoutError."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock)
        self.restart()

    def restart(self) -> None:
        """For the next request of the connection."""
        self._pace = Pace(time.monotonic())

    def chunk(self, size_hint: int | None = None) -> bytes:
        limit = self.sock.gettimeout()  # gunicorn's own, where it reads what the site left unread
        left = max(self._pace.deadline - time.monotonic(), 0.01)
        self.sock.settimeout(left if limit is None else min(left, limit))
        try:
            data: bytes = super().chunk(size_hint)
        finally:
            self.sock.settimeout(limit)
        self._pace.came(len(data), time.monotonic())
        return data


class PatientWorker(ThreadWorker):  # type: ignore[misc]
    """Serves plain http; TLS is the proxy's."""

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:  # noqa: ANN401
        if cfg.is_ssl:
            raise SystemExit("本网站自己不做 https，请在前面放一个反向代理，不要设 certfile。")
        super().check_config(cfg, log)

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self._arriving: dict[TConn, Arriving] = {}
        self._uploads: set[TConn] = set()
        self._waiting: deque[TConn] = deque()

    def enqueue_req(self, conn: TConn) -> None:
        """gunicorn has a connection here that is new, or speaks again."""
        if conn.parser is None:
            conn.parser = get_parser(self.cfg, conn.sock, conn.client)
            conn.parser.unreader = PacedUnreader(conn.sock)
            if conn.sock.family != socket.AF_UNIX:
                conn.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_SECONDS * 1000)
        conn.sock.setblocking(False)
        self._arriving[conn] = Arriving(conn.parser.unreader.take_buffered(), time.monotonic())
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._read, conn))
        self._read(conn, conn.sock)

    def _read(self, conn: TConn, sock: socket.socket) -> None:
        arriving = self._arriving[conn]
        try:
            # What the next request brings with it stays in the socket while this one is whole.
            piece = b"" if arriving.is_whole else sock.recv(PIECE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._drop(conn)
            return
        if not piece and not arriving.is_whole:
            self._drop(conn)
            return
        arriving.take(piece, time.monotonic())
        if arriving.is_whole:
            self._forget(conn)
            self._hand_over(conn, arriving)

    def _hand_over(self, conn: TConn, arriving: Arriving) -> None:
        conn.parser.unreader.unread(bytes(arriving.data))
        conn.data_ready = True
        if not arriving.is_upload:
            super().enqueue_req(conn)
        else:
            self._waiting.append(conn)
            self._start_uploads()

    def _start_uploads(self) -> None:
        while self._waiting and len(self._uploads) < max(self.cfg.threads // 2, 1):
            conn = self._waiting.popleft()
            self._uploads.add(conn)
            conn.parser.unreader.restart()
            super().enqueue_req(conn)

    def finish_request(self, conn: TConn, fs: "Future[Any]") -> None:
        self._uploads.discard(conn)
        self._start_uploads()
        super().finish_request(conn, fs)

    def murder_pending(self) -> None:
        """Each second at the latest: closes those whose time is up; when the worker stops, those who never began."""
        super().murder_pending()
        now = time.monotonic()
        for conn, arriving in list(self._arriving.items()):
            if arriving.deadline <= now or not (self.alive or arriving.data):
                self._drop(conn)

    def _forget(self, conn: TConn) -> None:
        del self._arriving[conn]
        self.poller.unregister(conn.sock)

    def _drop(self, conn: TConn) -> None:
        self._forget(conn)
        self.nr_conns -= 1
        conn.close()
