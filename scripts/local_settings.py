"""Writes .env for this machine on the first run of scripts/serve, and keeps its PUBLIC_URL at the port in use."""

import argparse
import os
import re
import secrets
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCAL_URL = re.compile(r"http://127\.0\.0\.1:\d+")


def write(path: Path, values: dict[str, str]) -> None:
    """In one step, and never readable by others, not for a moment."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.writelines(f"{name}={value}\n" for name, value in values.items())
    fresh.replace(path)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=8000)
    port = parser.parse_args().port
    path = ROOT / ".env"
    data = ROOT / "instance"
    values = {
        "DATABASE_URL": f"sqlite:///{data / 'ceping.db'}",
        "SECRET_KEY": secrets.token_hex(32),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "DATA_DIR": str(data),
    }
    if path.exists():
        lines = path.read_text(encoding="utf-8").splitlines()
        values |= dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
        if LOCAL_URL.fullmatch(values["PUBLIC_URL"]):
            values["PUBLIC_URL"] = f"http://127.0.0.1:{port}"
    data.mkdir(mode=0o700, exist_ok=True)
    write(path, values)


main()
