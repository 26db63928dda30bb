"""The names inside a compound file (OLE, [MS-CFB]): what .doc, .xls and .ppt are made of."""

from typing import BinaryIO

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MOST_SECTORS = 2_000
"""Of the directory, and of the table of tables: what no document that people write comes near."""

_HEADER, _ENTRY, _LAST_SECTOR = 512, 128, 0xFFFFFFFA


def is_compound(head: bytes) -> bool:
    return head.startswith(MAGIC)


def entry_names(stream: BinaryIO) -> set[str] | None:
    """Names of all storages and streams; None when the file is broken or its directory is endless."""
    try:
        return _Compound(stream).names()
    except (_Broken, UnicodeDecodeError):
        return None


class _Broken(Exception):
    """Not as the format says."""


class _Compound:
    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        stream.seek(0)
        self._header = stream.read(_HEADER)
        shift = self._number(self._header, 30, 2)
        if len(self._header) < _HEADER or shift not in (9, 12):
            raise _Broken
        self._sector_size = 1 << shift
        self._tables = self._table_sectors()

    def names(self) -> set[str]:
        found: set[str] = set()
        sector = self._number(self._header, 48)
        for _ in range(MOST_SECTORS):
            data = self._sector(sector)
            for start in range(0, self._sector_size, _ENTRY):
                entry = data[start : start + _ENTRY]
                length = self._number(entry, 64, 2)
                if entry[66] and 2 <= length <= 64:
                    found.add(entry[: length - 2].decode("utf-16-le"))
            sector = self._next(sector)
            if sector >= _LAST_SECTOR:
                return found
        raise _Broken

    def _table_sectors(self) -> list[int]:
        """The sectors of the allocation table: 109 in the header, the rest in a chain."""
        found = [self._number(self._header, place) for place in range(76, _HEADER, 4)]
        sector = self._number(self._header, 68)
        for _ in range(MOST_SECTORS):
            if sector >= _LAST_SECTOR:
                return found
            data = self._sector(sector)
            found += [self._number(data, place) for place in range(0, self._sector_size - 4, 4)]
            sector = self._number(data, self._sector_size - 4)
        raise _Broken

    def _next(self, sector: int) -> int:
        table, place = divmod(sector, self._sector_size // 4)
        if table >= len(self._tables):
            raise _Broken
        return self._number(self._sector(self._tables[table]), place * 4)

    def _sector(self, number: int) -> bytes:
        if number >= _LAST_SECTOR:
            raise _Broken
        self._stream.seek((number + 1) * self._sector_size)
        data = self._stream.read(self._sector_size)
        if len(data) < self._sector_size:
            raise _Broken
        return data

    @staticmethod
    def _number(data: bytes, place: int, size: int = 4) -> int:
        return int.from_bytes(data[place : place + size], "little")
