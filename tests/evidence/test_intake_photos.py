"""Photographs: known by content, drawn afresh, bounded."""

import io
import struct
import zlib

import pytest
from PIL import Image

from surveys.evidence.uploads import photos
from surveys.evidence.uploads.photos import LONGEST_SIDE, BadPhoto, clean_photo

HIDDEN = b"HIDDEN-WORDS-34.6197N"


def picture(format: str = "JPEG", size: tuple[int, int] = (60, 40), **options: object) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", size, "teal").save(target, format, **options)
    return target.getvalue()


def with_place() -> bytes:
    """A JPEG with GPS, camera and comment, and something after its end."""
    exif = Image.Exif()
    exif[0x010F] = HIDDEN.decode()
    exif.get_ifd(0x8825).update({1: "N", 2: (34.0, 37.0, 11.0), 3: "E", 4: (112.0, 27.0, 0.0)})
    return picture(exif=exif, comment=HIDDEN) + HIDDEN


def png_of(width: int, height: int) -> bytes:
    """A PNG whose header claims this size, with hardly any data."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(b"\0" * 100_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_a_photograph_becomes_a_jpeg(format: str) -> None:
    with Image.open(io.BytesIO(clean_photo(picture(format)))) as clean:
        assert (clean.format, clean.size) == ("JPEG", (60, 40))


def test_place_camera_and_comment_are_gone() -> None:
    data = with_place()
    with Image.open(io.BytesIO(data)) as taken:
        assert taken.getexif().get_ifd(0x8825)
    clean = clean_photo(data)
    assert HIDDEN in data
    assert HIDDEN not in clean
    assert b"Exif" not in clean
    with Image.open(io.BytesIO(clean)) as shown:
        assert not dict(shown.getexif())
        assert set(shown.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_words_in_a_png_are_gone() -> None:
    from PIL.PngImagePlugin import PngInfo

    told = PngInfo()
    told.add_text("Comment", HIDDEN.decode())
    data = picture("PNG", pnginfo=told)
    assert HIDDEN in data
    assert HIDDEN not in clean_photo(data)


def test_a_photograph_taken_sideways_is_turned() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(io.BytesIO(clean_photo(picture(exif=exif)))) as clean:
        assert clean.size == (40, 60)


@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_a_large_photograph_is_made_smaller(format: str) -> None:
    with Image.open(io.BytesIO(clean_photo(picture(format, (5000, 100))))) as clean:
        assert max(clean.size) == LONGEST_SIDE


def test_what_shines_through_is_white() -> None:
    target = io.BytesIO()
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(target, "PNG")
    with Image.open(io.BytesIO(clean_photo(target.getvalue()))) as clean:
        assert clean.getpixel((4, 4)) == (255, 255, 255)


def test_the_same_photograph_is_the_same_bytes() -> None:
    assert clean_photo(with_place()) == clean_photo(with_place())


@pytest.mark.parametrize(
    "data",
    [
        b"MZ\x90\0" + b"\0" * 500,
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"%PDF-1.7 ...",
        b"GIF89a" + b"\0" * 100,
        picture("GIF"),
        picture("BMP"),
        picture("TIFF"),
        picture()[:-300],
        picture()[:20],
        picture("PNG")[:60],
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff",
        b"\0",
    ],
)
def test_what_is_no_photograph_is_refused(data: bytes) -> None:
    with pytest.raises(BadPhoto, match="不是能打开的"):
        clean_photo(data)


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(BadPhoto, match="空文件"):
        clean_photo(b"")


@pytest.mark.parametrize("size", [(8000, 8000), (12000, 12000), (60000, 60000), (2**31 - 1, 1)])
def test_a_bomb_is_refused_before_it_is_unpacked(size: tuple[int, int]) -> None:
    with pytest.raises(BadPhoto, match="像素太多"):
        clean_photo(png_of(*size))


def test_a_file_too_large_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photos, "MOST_BYTES", 1024)
    with pytest.raises(BadPhoto, match="超过"):
        clean_photo(picture() + b"\0" * 1024)
