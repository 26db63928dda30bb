"""How the site is served. Threads carry slow phones when no proxy buffers for them (docs/decisions/0005)."""

import gc
import os
import sys
import threading
from importlib import import_module
from pathlib import Path

from dotenv import load_dotenv

ROOT = Path(__file__).resolve().parents[1]
load_dotenv(ROOT / ".env")

chdir = str(ROOT)
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "surveys.web.patient_worker.PatientWorker"
threads = int(os.environ.setdefault("THREADS", "16"))  # as many connections to the database, in each worker
keepalive = 5
timeout = 60
graceful_timeout = 20
accesslog = "-"
errorlog = "-"
logger_class = "surveys.web.access_log.MaskedLogger"
control_socket_disable = True
# No length of the answer: that of a ballot that comes back tells how many items were left blank.
access_log_format = '%(t)s "%(r)s" %(s)s'


def on_starting(_server: object) -> None:
    """Faults of the settings or the database end the start once, instead of every worker again and again."""
    sys.path.insert(0, str(ROOT))
    from sqlalchemy.exc import OperationalError

    from surveys.acts.site import Site
    from surveys.settings import Settings, SettingsError

    try:
        site = Site.build(Settings.from_environment(os.environ))
    except SettingsError as error:
        raise SystemExit(str(error)) from None
    try:
        current = site.is_current()
    except OperationalError as error:
        raise SystemExit(f"连不上数据库，请检查 DATABASE_URL：{error.orig}") from None
    if not current:
        raise SystemExit("数据库的结构不是最新的，请先运行 .venv/bin/flask --app app migrate")
    site.database.engine.dispose()
    # Once for all workers, which are copies of this process; and nobody's first chart or PDF waits for a library.
    from surveys.entry.written_late import WRITERS

    for name in ("app", *WRITERS):
        import_module(name)


def post_worker_init(_worker: object) -> None:
    """What was loaded to serve stays for good, and a large page makes hundreds of thousands of values at once: with
    Python's defaults a third of its time was spent looking through them for garbage."""
    from surveys.entry.alarms import watching
    from surveys.settings import Settings

    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    # What a sealing left in the database's files, if it could not be cleaned then. Beside the requests, not before.
    threading.Thread(target=clean_at_start, name="cleaning", daemon=True).start()
    watching.start(Settings.from_environment(os.environ))


def clean_at_start() -> None:
    from surveys.acts.site import Site
    from surveys.settings import Settings
    from surveys.vote.cleaning import clean

    site = Site.build(Settings.from_environment(os.environ))
    clean(site, site.now())
    site.database.engine.dispose()
