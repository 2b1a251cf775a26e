"""Decode an image and fit it into a square."""

import errno
import io
import math
import re
import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.ImageOps import mirror

from mnerflow.compute.memory import no_memory
from mnerflow.data.config import Fit
from mnerflow.errors import UserError
from mnerflow.files.paths import inside

# Mid-grey: close to zero after every usual normalisation. It also fills the bars of the letterbox.
BLANK_COLOUR = (128, 128, 128)
# Logos and screenshots with transparency are drawn for a white page; on black, dark lettering vanishes.
BACKGROUND = (255, 255, 255)
# Limits the pixels that are decoded and so a worker's memory (4 bytes per pixel, one or two copies). A JPEG
# may have more, since it is decoded at a reduced size. An A3 page at 600 dpi has 70 million.
MAX_PIXELS = 80_000_000
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)  # MAX_PIXELS is checked instead
# Pillow knows more formats, but hands some of them (EPS) to another program. MPO is read as JPEG.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "JPEG2000", "AVIF")

TRUNCATED = "truncated"
NO_END = "no end mark"
END = b"\xff\xd9"
# Arbitrary bytes that contain no JPEG marker, and their complement.
NOISES = [bytes(flip ^ (1 + 97 * number % 254) for number in range(99)) for flip in (0, 255)]
INTERVALS = [bytes([0xFF, 0xD0 + number]) for number in range(8)]  # the restart markers of a JPEG
REASONS: dict[int | None, str] = {
    errno.ENOENT: "missing",
    errno.ENOTDIR: "missing",
    errno.ELOOP: "symlink loop",
    errno.ENAMETOOLONG: "too long a name",
}

Image.init()  # once here; otherwise the first file of each thread would do it


class BrokenImage(Exception):
    """An image that cannot be used; its message is the reason, in a few stable words."""


def decode(folder: Path, name: str, size: int, fit: Fit = "letterbox") -> tuple[np.ndarray, str]:
    """The image ``folder/name`` as uint8 RGB ``(size, size, 3)``, and a remark on it, usually empty.

    The image is opened with ``open_image`` and centred between grey bars. A centre crop would cut away people
    and lettering at the edges, which carry names. Raises ``BrokenImage`` with the reason.
    """
    scaled = open_image(folder, name, size, fit)
    pixels = np.asarray(ImageOps.pad(scaled, (size, size), color=BLANK_COLOUR))
    return pixels, scaled.info.get("remark", "")


def open_image(
    folder: Path, name: str, longest: int, fit: Fit = "letterbox", *, enlarge: bool = True
) -> Image.Image:
    """The image ``folder/name`` as RGB, scaled so that its longer side has ``longest`` pixels.

    The first frame is used, rotated as its EXIF says, with transparency on white. The fit ``wrap`` first cuts
    a strip, such as a line of text, into rows that are read like the lines of a page. ``wrap_rtl`` does the
    same for a page that is read from right to left. Without ``enlarge``, a smaller image keeps its size. A
    JPEG that lacks only its end mark is read, with ``NO_END`` as ``info["remark"]``. Raises ``BrokenImage``
    with the reason.
    """
    path = _locate(folder, name)
    try:
        return _scaled(path, longest, fit, enlarge)
    except BrokenImage as error:
        if str(error) != TRUNCATED or not (data := _with_end(path)):
            raise
    image = _scaled(io.BytesIO(data), longest, fit, enlarge)
    image.info["remark"] = NO_END
    return image


@contextmanager
def opened(source: str | Path | io.BytesIO) -> Iterator[Image.Image]:
    """Open an image, in one of ``FORMATS``; raises as ``Image.open`` does."""
    with Image.open(source, formats=FORMATS) as image:
        image.filename = ""  # else Pillow maps a TIFF, and mixes up its sides if its EXIF turns it
        yield image


def _scaled(source: Path | io.BytesIO, longest: int, fit: Fit, enlarge: bool) -> Image.Image:
    try:
        with opened(source) as image:
            if fit != "letterbox":
                _check_size(image)
                with suppress(Exception):  # the pixels may be sound although the EXIF is damaged
                    image = ImageOps.exif_transpose(image)
                image = _plain_mode(image)
                image = _wrapped(image) if fit == "wrap" else mirror(_wrapped(mirror(image)))
            scale = longest / max(image.size)
            if not enlarge:
                scale = min(1, scale)
            width, height = (max(1, round(side * scale)) for side in image.size)
            # A JPEG decodes straight to 1/2, 1/4 or 1/8 of its size; a margin of one half keeps it sharp.
            image.draft(None, (width * 3 // 2, height * 3 // 2))
            _check_size(image)
            scaled = _plain_mode(image).resize((width, height), Image.Resampling.BICUBIC, reducing_gap=3.0)
        with suppress(Exception):  # as above
            ImageOps.exif_transpose(scaled, in_place=True)
        if scaled.mode == "RGBA":
            scaled = Image.alpha_composite(Image.new("RGBA", scaled.size, BACKGROUND), scaled).convert("RGB")
        scaled.info.clear()  # it contains texts from the file, which could pass for a remark
        return scaled
    except BrokenImage:
        raise
    except Image.DecompressionBombError as error:
        raise BrokenImage("too large") from error
    except UnidentifiedImageError as error:
        raise BrokenImage("not an image") from error
    except Exception as error:  # Pillow's decoders raise nearly anything on a damaged file
        if no_memory(error):
            raise
        if isinstance(error, OSError) and error.errno:
            raise BrokenImage("unreadable") from error
        raise BrokenImage(TRUNCATED if "truncated" in str(error).lower() else "damaged") from error


def _check_size(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise Image.DecompressionBombError


def _with_end(path: Path) -> bytes | None:
    """The bytes of a JPEG with its end mark, if only that is missing; ``None`` for any other file.

    Given the mark, the decoder silently makes up whatever else is missing. But if a picture is complete,
    bytes between its data and the mark cannot change it, be they noise or a further restart interval.
    """
    data = path.read_bytes().rstrip(b"\xff")  # half a mark
    try:
        whole = _digest(data + END)
        tails = (interval + noise for noise in NOISES for interval in (b"", *INTERVALS))
        same = _has_all_scans(data) and all(_digest(data + tail + END) == whole for tail in tails)
    except Exception:  # as in _scaled
        return None
    return data + END if same else None


def _has_all_scans(jpeg: bytes) -> bool:
    """Whether there is a scan for each bit of each coefficient of each component that the frame announces."""
    frame = max(jpeg.rfind(bytes([0xFF, kind])) for kind in (0xC0, 0xC1, 0xC2))
    missing = {jpeg[frame + 10 + 3 * number]: [1] * 64 for number in range(jpeg[frame + 9])}
    for start in re.finditer(rb"\xff\xda", jpeg[frame:]):
        scan = frame + start.end() + 2
        components = jpeg[scan + 1 : scan + 1 + 2 * jpeg[scan] : 2]
        first, last, bits = jpeg[scan + 1 + 2 * jpeg[scan] :][:3]
        for component in components:
            missing[component][first : last + 1] = [bits & 15] * (last + 1 - first)
    return not any(map(any, missing.values()))


def _digest(jpeg: bytes) -> bytes:
    with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as image:
        return sha256(image.tobytes()).digest()


def _locate(folder: Path, name: str) -> Path:
    """The regular file ``folder/name``; raises ``BrokenImage`` when there is none or it may not be used.

    A name comes from the data, so it must stay inside the folder. A link was put there by the user, so it is
    followed.
    """
    try:
        path = inside(folder, name)
        status = path.stat()
    except UserError as error:
        raise BrokenImage("no file below the folder") from error
    except OSError as error:
        raise BrokenImage(REASONS.get(error.errno, "unreadable")) from error
    if not stat.S_ISREG(status.st_mode):
        raise BrokenImage("not a file")
    if status.st_size == 0:
        raise BrokenImage("empty")
    return path


def _plain_mode(image: Image.Image) -> Image.Image:
    """``image`` as RGB, or as RGBA if it has transparency; raises ``BrokenImage`` for 32-bit grey."""
    if image.mode.startswith("I;16"):  # Pillow would clip at 255
        grey = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
        grey.info = image.info  # with its EXIF
        return grey.convert("RGB")
    if image.mode in ("I", "F"):  # here too, and the value of white is unknown
        raise BrokenImage("32 bits a pixel")
    mode = "RGBA" if image.has_transparency_data else "RGB"
    return image if image.mode == mode else image.convert(mode)


def _wrapped(strip: Image.Image) -> Image.Image:
    """Cut a wide image into rows, stacked so that the image appears as large as possible in a square."""
    width, height = strip.size
    rows = min(range(1, 2 + math.isqrt(max(width // height, 1))), key=lambda n: max(width / n, n * height))
    across = math.ceil(width / rows)
    page = Image.new(strip.mode, (across, rows * height), BLANK_COLOUR)
    for row in range(rows):
        page.paste(strip.crop((row * across, 0, min((row + 1) * across, width), height)), (0, row * height))
    return page
