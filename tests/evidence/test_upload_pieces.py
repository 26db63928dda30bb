"""A file that comes in pieces."""

import os

import pytest

from surveys.acts.actors import COMMAND_LINE, Actor
from surveys.acts.errors import BadInput, NotAllowed, WrongState
from surveys.evidence import materials, upload_pieces
from tests import handed_in
from tests.builders import assessor
from tests.evidence.ground import FIRST, Ground, piece
from tests.sites import NOW


def hand_in_pieces(ground: Ground, size: int, actor: Actor | None = None, key: str = "k") -> int:
    """As the page does once all pieces are there."""
    who = actor or ground.reporter
    with upload_pieces.whole(ground.site, who, key, size) as stream:
        return materials.hand_in_file(ground.site, NOW, who, FIRST, "a.pdf", stream)


def test_a_file_in_pieces(ground: Ground) -> None:
    assert piece(ground, "k", 0, handed_in.PDF[:10]) == 10
    assert piece(ground, "k", 0, handed_in.PDF[:10]) == 10  # the answer was lost: sent again
    assert piece(ground, "k", 20, b"out of place") == 10
    assert piece(ground, "k", 10, handed_in.PDF[10:]) == len(handed_in.PDF)
    (part,) = (ground.site.files.folder / "parts").glob("*/*")
    assert part.stat().st_mode & 0o777 == 0o600
    with pytest.raises(WrongState, match="没有传完整"):
        hand_in_pieces(ground, len(handed_in.PDF) + 1)
    material_id = hand_in_pieces(ground, len(handed_in.PDF))
    assert ground.handed().material.id == material_id
    assert not part.exists()
    with pytest.raises(WrongState, match="已不在"):
        hand_in_pieces(ground, len(handed_in.PDF))


def test_pieces_belong_to_an_account(ground: Ground) -> None:
    piece(ground, "k", 0, handed_in.PDF)
    assert piece(ground, "k", 0, b"theirs", ground.other) == 6
    with pytest.raises(WrongState):
        hand_in_pieces(ground, len(handed_in.PDF), ground.other)
    for actor in (COMMAND_LINE, assessor("考核组")):
        with pytest.raises(NotAllowed):
            piece(ground, "k", 0, b"x", actor)


def test_unfit_pieces_are_dropped(ground: Ground) -> None:
    piece(ground, "../../k", 0, handed_in.EXE)
    with pytest.raises(BadInput):
        hand_in_pieces(ground, len(handed_in.EXE), key="../../k")
    assert not list((ground.site.files.folder / "parts").glob("*/*"))
    assert not ground.stored()


def test_pieces_are_bounded(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload_pieces, "MOST_BYTES", 100)
    monkeypatch.setattr(upload_pieces, "PIECE_BYTES", 60)
    assert piece(ground, "k", 0, bytes(60)) == 60
    for offset, data in ((60, bytes(41)), (0, bytes(61)), (-1, b"x")):
        with pytest.raises(BadInput):
            piece(ground, "k", offset, data)
    for key in ("", "x" * 401):
        with pytest.raises(BadInput):
            piece(ground, key, 0, b"x")
    for number in range(8):
        piece(ground, f"k{number}", 0, b"x")
    assert len(list((ground.site.files.folder / "parts").glob("*/*"))) == 5


def test_old_pieces_go(ground: Ground) -> None:
    piece(ground, "k", 0, b"x")
    (part,) = (ground.site.files.folder / "parts").glob("*/*")
    os.utime(part, (0, 0))
    piece(ground, "other", 0, b"x", ground.other)
    assert not part.exists()
