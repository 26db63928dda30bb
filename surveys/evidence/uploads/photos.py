"""A photograph somebody uploads -> one that says nothing but what is to be seen on it.

It is decoded and drawn afresh: what the file carried besides (place, time, camera, comments, an appendix) is gone.
"""

import io
import threading

MOST_BYTES = 15 * 1024 * 1024
MOST_PIXELS = 50_000_000
LONGEST_SIDE = 2000
MEDIA_TYPE = "image/jpeg"
_QUALITY = 85

# Decoding takes up to 200 MB: by turns.
_decoding = threading.Lock()


class BadPhoto(Exception):
    """Not a photograph that can be taken; the text says why, in Chinese."""


def clean_photo(data: bytes) -> bytes:
    """A JPEG or PNG, known by its content -> an upright JPEG, at most `LONGEST_SIDE` pixels a side. Raises BadPhoto."""
    from PIL import Image

    if not data:
        raise BadPhoto("照片是空文件，请重新选择。")
    if len(data) > MOST_BYTES:
        raise BadPhoto(f"照片超过 {MOST_BYTES // 1024 // 1024} MB，请缩小后再传。")
    with _decoding:
        try:
            return _redrawn(data)
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise BadPhoto(_TOO_LARGE) from None
        except BadPhoto:
            raise
        except Exception:  # a hostile file makes Pillow raise nearly anything
            raise BadPhoto("这个文件不是能打开的 JPEG 或 PNG 照片（按内容判断，不看扩展名）。请换一张照片。") from None


_TOO_LARGE = f"照片的像素太多，最多 {MOST_PIXELS // 10_000} 万像素，请缩小后再传。"


def _redrawn(data: bytes) -> bytes:
    from PIL import Image, ImageOps

    with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as opened:
        if opened.width * opened.height > MOST_PIXELS:
            raise BadPhoto(_TOO_LARGE)
        opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # a JPEG is decoded at a fraction of its size
        upright = ImageOps.exif_transpose(opened).convert("RGBA")
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    # A new image: saving one that was opened would copy its comment and colour profile.
    drawn = Image.new("RGB", upright.size, "white")
    drawn.paste(upright, mask=upright)
    target = io.BytesIO()
    drawn.save(target, "JPEG", quality=_QUALITY)
    return target.getvalue()
