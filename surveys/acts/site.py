"""What the running site is made of: handed to pages and commands by app.py."""

import base64
from dataclasses import dataclass
from datetime import datetime

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from surveys.acts.open_polls import OpenPolls
from surveys.settings import Settings
from surveys.storage.database import Database
from surveys.storage.files import Files
from surveys.storage.schema import is_current, migrate
from surveys.storage.upload_pieces import UnfinishedFiles


@dataclass(frozen=True)
class Site:
    settings: Settings
    database: Database
    open_polls: OpenPolls

    @classmethod
    def build(cls, settings: Settings) -> "Site":
        return cls(settings, Database(settings.database_url, settings.threads), OpenPolls(settings.secret_key))

    def now(self) -> datetime:
        """In the office's time zone, so that `.date()` is the office's day."""
        return datetime.now(self.settings.time_zone)

    def box(self, purpose: str) -> Fernet:
        """Seals under a key of SECRET_KEY that is of this purpose alone."""
        key = HKDF(SHA256(), 32, None, f"ceping {purpose}".encode()).derive(self.settings.secret_key.encode())
        return Fernet(base64.urlsafe_b64encode(key))

    @property
    def files(self) -> Files:
        """Where the files that people hand in lie."""
        return Files(self.settings.data_dir / "materials")

    @property
    def photos(self) -> Files:
        """Where the photographs of proceedings lie."""
        return Files(self.settings.data_dir / "proceedings", flat=True)

    @property
    def unfinished(self) -> UnfinishedFiles:
        """Files of which not everything has arrived."""
        return UnfinishedFiles(self.settings.data_dir / "materials" / "parts")

    def migrate(self) -> None:
        migrate(self.database)

    def is_current(self) -> bool:
        return is_current(self.database)

    def ballot_url(self, grouped_code: str) -> str:
        """The address a slip's QR holds."""
        return f"{self.settings.public_url}/b/{grouped_code}"
