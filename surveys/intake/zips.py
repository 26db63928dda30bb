"""What a broken zip raises, whoever reads it."""

import zipfile
import zlib

BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError)
"""`zipfile` says BadZipFile of a part of them only. RuntimeError: a password, and NotImplementedError with it: a method
that it does not know."""
