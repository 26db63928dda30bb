"""A command, and each process of a server, starts without the libraries that only writing files takes."""

import json
import subprocess
import sys

from surveys.entry.written_late import WRITERS
from tests.servers import ROOT

HEAVY = {"matplotlib", "numpy", "fpdf", "docx", "fontTools", "python_calamine"}


def loaded_after(*modules: str) -> set[str]:
    """What a fresh interpreter has loaded once it has imported these."""
    code = f"import json, sys, {', '.join(modules)}; print(json.dumps(list(sys.modules)))"
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(json.loads(told.stdout))


def test_the_site_is_imported_without_what_writes_files() -> None:
    assert not HEAVY & loaded_after("app")


def test_the_server_loads_all_that_writes_files_before_it_serves() -> None:
    loaded = loaded_after("app", *WRITERS)
    files = [path for kind in ("reporting", "*/papers") for path in (ROOT / "surveys").glob(f"{kind}/[!_]*.py")]
    assert len(files) > 20
    assert {".".join(path.relative_to(ROOT).with_suffix("").parts) for path in files} <= loaded
