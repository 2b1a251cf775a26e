"""The image store: real-world files, policies, and files that are whole or absent."""

import csv
import resource
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from mnerflow.data.image import BLANK_COLOUR, BrokenImage, decode
from mnerflow.data.image_store import Entry, ImageStore, build_store
from mnerflow.errors import UserError

SHARED = Path(__file__).parents[3] / "shared"
SIZE = 16
RED, WHITE, GREY = (255, 0, 0), (255, 255, 255), BLANK_COLOUR


def save(path: Path, image: Image.Image, format: str, **options) -> str:
    """Save ``image`` under ``path`` whatever its suffix says; returns the name."""
    image.save(path, format, **options)
    return path.name


def huge_png(side: int) -> bytes:
    """A PNG of a few bytes that announces ``side`` × ``side`` pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def decoded(*arguments) -> np.ndarray:
    """The pixels of an image with which nothing is wrong."""
    pixels, remark = decode(*arguments)
    assert remark == ""
    return pixels


def plain(mode: str = "RGB", colour: object = RED) -> Image.Image:
    return Image.new(mode, (20, 20), colour)


GREY16 = Image.fromarray(np.full((20, 20), 64 * 256 + 200, np.uint16))
TWO_FRAMES = {"save_all": True, "append_images": [plain(colour=GREY)]}
KINDS = {  # image, format, options of saving it, the colour that is read
    "jpeg": (plain(), "JPEG", {}, RED),
    "large progressive jpeg": (Image.new("RGB", (2000, 2000), RED), "JPEG", {"progressive": True}, RED),
    "png": (plain(), "PNG", {}, RED),
    "webp": (plain(), "WEBP", {"lossless": True}, RED),
    "bmp": (plain(), "BMP", {}, RED),
    "tiff": (plain(), "TIFF", {}, RED),
    "mpo of two pictures": (plain(), "MPO", TWO_FRAMES, RED),
    "animated gif": (plain(), "GIF", TWO_FRAMES, RED),
    "cmyk": (plain("CMYK", (0, 255, 255, 0)), "JPEG", {}, RED),
    "grey": (plain("L", 64), "JPEG", {}, (64, 64, 64)),
    "16-bit grey png": (GREY16, "PNG", {}, (64, 64, 64)),
    "16-bit grey tiff": (GREY16, "TIFF", {}, (64, 64, 64)),
    "bilevel": (plain("1", 1), "PNG", {}, WHITE),
    "transparent": (plain("RGBA", (0, 0, 0, 0)), "PNG", {}, WHITE),
    "half transparent": (plain("RGBA", (*RED, 128)), "PNG", {}, (255, 127, 127)),
    "transparent grey": (plain("LA", (0, 0)), "PNG", {}, WHITE),
    "transparent palette": (plain("P", 0), "PNG", {"transparency": 0}, WHITE),
    "transparent colour": (plain(), "PNG", {"transparency": RED}, WHITE),
}


@pytest.mark.parametrize(("image", "format", "options", "colour"), KINDS.values(), ids=KINDS)
def test_every_kind_of_file_named_jpg_is_read_by_its_contents(tmp_path, image, format, options, colour):
    name = save(tmp_path / "x.jpg", image, format, **options)
    pixels = decoded(tmp_path, name, SIZE)
    assert pixels.shape == (SIZE, SIZE, 3) and pixels.dtype == np.uint8
    assert np.abs(pixels.astype(int) - colour).max() <= 3  # JPEG rounds


def test_the_whole_picture_is_kept_between_grey_bars(tmp_path):
    image = Image.new("RGB", (40, 20), RED)
    image.paste(WHITE, (30, 0, 40, 20))  # the right quarter, which a centre crop would halve
    pixels = decoded(tmp_path, save(tmp_path / "wide.png", image, "PNG"), SIZE)
    assert (pixels[:4] == GREY).all() and (pixels[12:] == GREY).all()
    assert (pixels[4:12, :11] == RED).all() and (pixels[4:12, 13:] == WHITE).all()


def test_a_strip_is_wrapped_into_rows_that_fill_the_square(tmp_path):
    strip = Image.new("RGB", (72, 8), WHITE)  # nine squares in a row: three rows of three
    strip.paste(RED, (32, 0, 40, 8))  # the fifth
    name = save(tmp_path / "line.png", strip, "PNG")
    expected = np.full((24, 24, 3), WHITE, np.uint8)
    expected[8:16, 8:16] = RED
    assert np.array_equal(decoded(tmp_path, name, 24, "wrap"), expected)
    square = save(tmp_path / "square.png", Image.new("RGB", (20, 20), RED), "PNG")
    assert np.array_equal(decoded(tmp_path, square, SIZE, "wrap"), decoded(tmp_path, square, SIZE))


def test_a_strip_that_is_read_from_the_right_begins_at_its_right_end(tmp_path):
    shades = np.arange(70, dtype=np.uint8)  # three rows of 24, the last two short
    name = save(tmp_path / "line.png", Image.fromarray(np.tile(shades, (8, 1))), "PNG")
    rows = decoded(tmp_path, name, 24, "wrap_rtl")[::8, :, 0]
    assert rows.tolist() == [[*range(46, 70)], [*range(22, 46)], [GREY[0], GREY[0], *range(22)]]


@pytest.mark.parametrize(
    ("mode", "format"),
    [
        *(("RGB", format) for format in ("JPEG", "PNG", "WEBP", "TIFF")),
        *(("L", format) for format in ("PNG", "TIFF")),
        *(("I;16", format) for format in ("PNG", "TIFF")),
    ],
)
@pytest.mark.parametrize("fit", ["letterbox", "wrap"])
def test_exif_rotation_is_applied(tmp_path, mode, format, fit):
    pixels = np.full((32, 64), 255, np.uint8)
    pixels[:, :32] = 0  # black on the left
    image = Image.fromarray(pixels.astype(np.uint16) * 257) if mode == "I;16" else Image.fromarray(pixels)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned 90° clockwise: what is on the left goes to the top
    image = image if mode == "I;16" else image.convert(mode)
    name = save(tmp_path / "turned.jpg", image, format, exif=exif)
    turned = decoded(tmp_path, name, SIZE, fit)
    assert (turned[:, :4] == GREY).all() and (turned[:, 12:] == GREY).all()
    assert turned[:6, 4:12].max() < 20 and turned[10:, 4:12].min() > 235


@pytest.mark.parametrize("extent", [(1, 1), (1, 500), (500, 1)])
def test_one_pixel_strips(tmp_path, extent):
    pixels = decoded(tmp_path, save(tmp_path / "strip.png", Image.new("RGB", extent, RED), "PNG"), SIZE)
    assert (pixels[SIZE // 2 - 1, SIZE // 2 - 1] == RED).all() or (pixels[SIZE // 2, SIZE // 2] == RED).all()


@pytest.mark.filterwarnings("ignore")
def test_damaged_exif_beside_sound_pixels_is_no_problem(tmp_path):
    exif = b"Exif\x00\x00II*\x00\xff\xff\xff\xff garbage"
    name = save(tmp_path / "x.jpg", Image.new("RGB", (20, 20), RED), "JPEG", exif=exif)
    assert np.abs(decoded(tmp_path, name, SIZE).astype(int) - RED).max() <= 3


PHOTO = Image.fromarray(np.random.default_rng(0).integers(0, 255, (15, 20, 3), dtype=np.uint8)).resize(
    (100, 75)
)
JPEGS = {
    "baseline": {},
    "progressive": {"progressive": True},
    "optimized": {"optimize": True, "quality": 95},
    "rows apart": {"restart_marker_rows": 1},
    "blocks apart": {"restart_marker_blocks": 4},
}


@pytest.mark.parametrize("options", JPEGS.values(), ids=JPEGS)
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_jpeg_without_its_end_mark_is_read_and_one_cut_before_it_is_not(options, mode, tmp_path):
    name = save(tmp_path / "x.jpg", PHOTO.convert(mode), "JPEG", **options)
    whole = (tmp_path / name).read_bytes()
    expected = decoded(tmp_path, name, SIZE)
    for lost in (1, 2):
        (tmp_path / name).write_bytes(whole[:-lost])
        pixels, remark = decode(tmp_path, name, SIZE)
        assert remark in ("no end mark", "") and np.array_equal(pixels, expected)  # Pillow reads some itself
    for left in (*range(len(whole) - 12, len(whole) - 2), len(whole) * 3 // 4, len(whole) // 2):
        (tmp_path / name).write_bytes(whole[:left])
        with pytest.raises(BrokenImage, match="truncated"):
            decode(tmp_path, name, SIZE)


def test_images_without_their_end_mark_are_counted_and_are_no_failure(tmp_path):
    name = save(tmp_path / "x.jpg", PHOTO, "JPEG")
    save(tmp_path / "y.jpg", PHOTO, "JPEG")
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:-2])
    report = build_store([name, "y.jpg"], tmp_path, tmp_path / "store", SIZE, "fail")
    assert report.summary().startswith("2 images, 0 unusable, 1 read without their end mark, ")
    entries = ImageStore(tmp_path / "store").entries
    assert entries == {name: Entry(1, "ok", "no end mark"), "y.jpg": Entry(2, "ok")}


def test_texts_inside_a_file_are_no_remark(tmp_path):
    texts = PngInfo()
    texts.add_text("remark", "no end mark")
    PHOTO.save(tmp_path / "x.png", pnginfo=texts)
    assert decode(tmp_path, "x.png", SIZE)[1] == ""


@pytest.fixture
def broken(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """A folder of unusable images, and the reason of each."""
    folder = tmp_path / "images"
    folder.mkdir()
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8))
    for suffix, format in (("jpg", "JPEG"), ("png", "PNG"), ("webp", "WEBP"), ("gif", "GIF")):
        path = folder / f"cut.{suffix}"
        noise.save(path, format)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "page.jpg").write_text("<!DOCTYPE html><title>404 Not Found</title>")
    (folder / "bomb.png").write_bytes(huge_png(60_000))
    (folder / "large.png").write_bytes(huge_png(10_000))  # Pillow only warns
    (folder / "vector.jpg").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n")
    (folder / "loop.jpg").symlink_to("loop.jpg")
    (folder / "dangling.jpg").symlink_to("nowhere.jpg")
    (folder / "folder.jpg").mkdir()
    noise.save(tmp_path / "secret.jpg")
    Image.new("F", (8, 8), 300.0).save(folder / "grey32.tiff")
    reasons = {
        "cut.jpg": "truncated",
        "cut.png": "truncated",
        "cut.webp": "damaged",
        "cut.gif": "truncated",
        "empty.jpg": "empty",
        "page.jpg": "not an image",
        "bomb.png": "too large",
        "large.png": "too large",
        "vector.jpg": "not an image",
        "grey32.tiff": "32 bits a pixel",
        "loop.jpg": "symlink loop",
        "dangling.jpg": "missing",
        "folder.jpg": "not a file",
        "": "no file below the folder",
        "absent.jpg": "missing",
        "empty.jpg/x.jpg": "missing",
        "nul\0.jpg": "no file below the folder",
        "x" * 300: "too long a name",
        "../secret.jpg": "no file below the folder",
        "folder.jpg/../../secret.jpg": "no file below the folder",
        str(tmp_path / "secret.jpg"): "no file below the folder",
    }
    return folder, reasons


@pytest.mark.filterwarnings("ignore")
def test_every_broken_file_has_its_reason(broken):
    folder, reasons = broken
    found = {}
    for name in reasons:
        with pytest.raises(BrokenImage) as error:
            decoded(folder, name, SIZE)
        found[name] = str(error.value)
    assert found == reasons


@pytest.mark.parametrize(("policy", "status"), [("blank", "blank"), ("drop", "dropped")])
def test_a_broken_image_is_listed_and_the_blank_row_stands_in(broken, tmp_path, policy, status):
    folder, reasons = broken
    save(folder / "good.jpg", Image.new("RGB", (20, 20), RED), "PNG")
    names = [*reasons, "good.jpg", "good.jpg"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # none may escape
        report = build_store(names, folder, tmp_path / "store", SIZE, policy, workers=2)

    assert {name: (entry.status, entry.reason) for name, entry in report.problems.items()} == {
        name: (status, reason) for name, reason in reasons.items()
    }
    assert report.summary().startswith("22 images, 21 unusable (no file below the folder: 5,")
    store = ImageStore(tmp_path / "store")
    assert store.entries == report.entries
    assert store.rows(["good.jpg", "page.jpg", "good.jpg"]) == [1, 0, 1]
    assert store.pixels.shape == (2, SIZE, SIZE, 3)
    assert (store.pixels[0] == GREY).all() and (store.pixels[1] == RED).all()
    with (tmp_path / "store" / "index.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert rows[0] == {"image": "cut.jpg", "row": "0", "status": status, "reason": "truncated"}
    assert rows[-1] == {"image": "good.jpg", "row": "1", "status": "ok", "reason": ""}


def test_the_policy_fail_names_the_first_cases_and_writes_nothing(broken, tmp_path):
    folder, reasons = broken
    with pytest.raises(UserError) as error:
        build_store(list(reasons), folder, tmp_path / "store", SIZE, "fail")
    message = str(error.value)
    assert f"{folder}: 21 of 21 images cannot be used" in message
    assert "\n  cut.jpg: truncated\n" in message and message.endswith("and 11 more")
    assert list((tmp_path / "store").iterdir()) == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Forty noisy JPEGs ``00.jpg`` … of different extent, the seventh missing."""
    folder = tmp_path / "images"
    folder.mkdir()
    rng = np.random.default_rng(1)
    for number in range(40):
        noise = rng.integers(0, 255, (20 + number, 60 - number, 3), dtype=np.uint8)
        save(folder / f"{number:02d}.jpg", Image.fromarray(noise), "JPEG")
    (folder / "07.jpg").unlink()
    return folder


NAMES = [f"{number:02d}.jpg" for number in range(40)]


def test_the_bytes_do_not_depend_on_the_number_of_workers(folder, tmp_path):
    for workers in (1, 3):
        build_store(NAMES, folder, tmp_path / f"store{workers}", SIZE, workers=workers)
    for file in ("images.npy", "index.csv"):
        assert (tmp_path / "store1" / file).read_bytes() == (tmp_path / "store3" / file).read_bytes()
    store = ImageStore(tmp_path / "store3")
    assert np.array_equal(store.pixels[store.rows(["08.jpg"])[0]], decoded(folder, "08.jpg", SIZE))


def test_a_data_set_without_images_has_the_blank_row_alone(tmp_path):
    build_store([], tmp_path, tmp_path / "store", SIZE)
    assert ImageStore(tmp_path / "store").pixels.shape == (1, SIZE, SIZE, 3)


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(UserError, match="nowhere: no such folder of images"):
        build_store(["a.jpg"], tmp_path / "nowhere", tmp_path / "store", SIZE)


def test_a_full_disk_leaves_the_old_store_whole(folder, tmp_path):
    build_store(NAMES[:2], folder, tmp_path / "store", SIZE)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        with pytest.raises(UserError, match=r"images\.npy: could not be written"):
            build_store(NAMES, folder, tmp_path / "store", SIZE)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert ImageStore(tmp_path / "store").rows(NAMES[:2]) == [1, 2]
    assert len(list((tmp_path / "store").iterdir())) == 2


def test_an_unknown_image_is_named(folder, tmp_path):
    build_store(NAMES, folder, tmp_path / "store", SIZE)
    with pytest.raises(UserError, match=r"store: image '99\.jpg' is not in this store"):
        ImageStore(tmp_path / "store").rows(["99.jpg"])
    with pytest.raises(UserError, match="images_of"):
        ImageStore(tmp_path / "store").lost(["99.jpg"])


@pytest.mark.parametrize(
    ("file", "contents", "message"),
    [
        ("images.npy", None, "no such file"),
        ("images.npy", b"", "truncated or not an image store"),
        ("images.npy", b"PK\x03\x04", "truncated or not an image store"),
        ("index.csv", None, "no such file"),
        ("index.csv", b"", "not the index"),
        ("index.csv", b"image,row,status,reason\na.jpg,x,ok,\n", "not the index"),
        ("index.csv", b"image,row,status,reason\na.jpg,1,ok,\n", "lists 2 rows"),
    ],
)
def test_a_damaged_store_says_what_to_do(folder, tmp_path, file, contents, message):
    build_store(NAMES, folder, tmp_path / "store", SIZE)
    path = tmp_path / "store" / file
    path.unlink() if contents is None else path.write_bytes(contents)
    with pytest.raises(UserError, match=f"{message}.*Delete the folder and run again"):
        ImageStore(tmp_path / "store")


def test_a_truncated_store_is_noticed_on_opening(folder, tmp_path):
    build_store(NAMES, folder, tmp_path / "store", SIZE)
    path = tmp_path / "store" / "images.npy"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(UserError, match=r"images\.npy: truncated"):
        ImageStore(tmp_path / "store")


@pytest.mark.skipif(not (SHARED / "data/tweets_with_images").is_dir(), reason="needs ../shared")
def test_the_photos_of_thirty_real_tweets(tmp_path):
    photos = SHARED / "data/tweets_with_images"
    names = sorted(str(path.relative_to(photos)) for path in photos.rglob("*.jpg"))
    report = build_store(names, photos, tmp_path / "store", 64, "fail", workers=2)
    assert report.summary().startswith("30 images, 0 unusable")
    pixels = ImageStore(tmp_path / "store").pixels
    assert all(image.std() > 10 for image in pixels[1:])


def test_a_large_jpeg_is_decoded_at_a_fraction_of_its_size(tmp_path: Path) -> None:
    Image.new("L", (12_000, 7_000), 200).save(tmp_path / "page.jpg")
    pixels, remark = decode(tmp_path, "page.jpg", 32)
    assert pixels.shape == (32, 32, 3) and not remark and abs(int(pixels[16, 16, 0]) - 200) < 3
    with pytest.raises(BrokenImage, match="too large"):
        decode(tmp_path, "page.jpg", 8000)
