"""A real gunicorn of this site on a free port, for the scripts that measure or photograph it."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(
    port: int, environment: Mapping[str, str], *, largest_file_kb: int = 0
) -> Iterator["subprocess.Popen[bytes]"]:
    """Serves while the block runs; the environment's settings must be complete and the database migrated.

    Yields gunicorn's process, the head of a process group of its own. `largest_file_kb` makes the disk full beyond it.
    """
    command = [".venv/bin/gunicorn", "--config", "scripts/gunicorn.conf.py", "--bind", f"127.0.0.1:{port}"]
    limit = ["bash", "-c", f'ulimit -f {largest_file_kb}; exec "$@"', "limited"] if largest_file_kb else []
    with subprocess.Popen(
        [*limit, *command, "--access-logfile", "/dev/null", "app:create_app()"],
        cwd=ROOT,
        env=os.environ | environment,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as server:
        try:
            _wait_for(port, server)
            yield server
        finally:
            server.terminate()
            server.wait()


def _wait_for(port: int, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(300):
        if server.poll() is not None:
            raise SystemExit("网站没有起来，请用 scripts/serve 看原因。")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("网站 30 秒内没有起来。")
