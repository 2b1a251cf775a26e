"""Download one raw file, or copy it from a mirror: complete and with the right checksum, or not at all."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from tqdm import tqdm

from mnerflow.data import google_drive
from mnerflow.errors import UserError, quantity
from mnerflow.files import checksums
from mnerflow.files.reading import reading
from mnerflow.files.writing import write_text, writing
from mnerflow.log import logger

ATTEMPTS = 4  # consecutive attempts without a new byte
PAUSE = 1.0  # seconds before the second attempt, doubled before each further one
TIMEOUT = 30.0  # seconds to wait for the connection and for each piece
CHUNK = 1 << 16  # bytes
PAGE = 1 << 20  # bytes of a web page that are read
USE_MIRROR = "or read the data from a folder with `--config mirror=DIR`."


class _TryAgain(Exception):
    """A failure that may be temporary."""


TRANSIENT = (_TryAgain, requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)


def fetch(
    url: str,
    target: str | Path,
    sha256: str | None = None,
    mirror_file: str | Path | None = None,
    max_bytes: int | None = None,
) -> None:
    """Download the file at ``url`` to ``target``, or copy it from ``mirror_file`` if that is given.

    ``url`` may be a Google Drive share link or file id. An interrupted download is resumed from
    ``<target>.part``, in this call or the next, unless the remote file may have changed. The checksum is
    compared with ``sha256``. If that is not known, the checksum of the first download is recorded in
    ``<target>.sha256`` and compared from then on.

    Raises ``UserError`` when the file cannot be obtained (no network, refused, a web page instead of data,
    not in the mirror), is larger than ``max_bytes``, does not match its checksum, or cannot be written.
    ``target`` is then unchanged.
    """
    target, part = Path(target), Path(f"{target}.part")
    source = str(mirror_file or url)
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        if mirror_file is None:
            _download(google_drive.download_url(url), part, sha256 is not None, max_bytes)
        else:
            _copy(Path(mirror_file), part, url)
        _refuse_web_page(part, source, url)
        _verify(part, target, sha256, source)
        part.replace(target)
        _origin(part).unlink(missing_ok=True)
    logger.info("%s: from %s, %s", target, source, quantity(target.stat().st_size, "byte"))


def _copy(mirror_file: Path, part: Path, url: str) -> None:
    if not mirror_file.is_file():
        raise UserError(
            f"{mirror_file}: the mirror has no such file. Put it there (it comes from {url}), "
            "or run without `mirror` to download it."
        )
    with reading(mirror_file):
        source = mirror_file.open("rb")
    with source, part.open("wb") as file:
        shutil.copyfileobj(source, file, CHUNK)


def _download(url: str, part: Path, checked: bool, max_bytes: int | None) -> None:
    failures = furthest = 0
    with requests.Session() as session:
        session.headers["Accept-Encoding"] = "identity"  # so that ranges count the bytes of the file itself
        while True:
            try:
                return _stream(session, url, part, checked, max_bytes)
            except TRANSIENT as error:
                again = isinstance(error, _TryAgain)
                reason = str(error) if again else f"no connection, {type(error).__name__}"
                failures = 1 if _size(part) > furthest else failures + 1
                furthest = max(furthest, _size(part))
                if failures == ATTEMPTS:
                    raise UserError(
                        f"{url}: cannot be downloaded ({reason}). "
                        f"Check the network and run again, {USE_MIRROR}"
                    ) from error
            except (requests.RequestException, ValueError) as error:  # the latter for a wrong host
                raise UserError(f"{url}: cannot be downloaded ({error}). Correct the address.") from error
            pause = PAUSE * 2 ** (failures - 1)
            logger.warning("%s: %s; trying again in %g s", url, reason, pause)
            time.sleep(pause)


def _stream(session: requests.Session, url: str, part: Path, checked: bool, max_bytes: int | None) -> None:
    """Write what the server sends to ``part``, appended to what is there if the server can resume."""
    have, validator = _resumable(part, url, checked)
    headers = {"Range": f"bytes={have}-"} if have else {}
    if validator:
        headers["If-Range"] = validator
    with _opened(session, url, headers) as (response, page):
        content_range = response.headers.get("Content-Range", "")
        if response.status_code == 416 and content_range == f"bytes */{have}":
            return  # interrupted after the last byte, before the renaming
        _check_answer(response, page, url)
        resumed = response.status_code == 206 and content_range.startswith(f"bytes {have}-")
        if response.status_code != 200 and not resumed:
            part.unlink(missing_ok=True)
            raise _TryAgain("the file has changed since its download began")
        if not resumed and not checked:
            write_text(_origin(part), f"{url}\n{_validator(response)}")
        _append(response, part, have if resumed else 0, url, max_bytes)
    whole = content_range.rpartition("/")[2]
    if resumed and whole.isdecimal() and _size(part) < int(whole):
        raise _TryAgain("the server sent only a part of the rest")


@contextmanager
def _opened(
    session: requests.Session, url: str, headers: dict[str, str]
) -> Iterator[tuple[requests.Response, str]]:
    """The server's answer, and its text if it is a web page; one that asks to confirm is confirmed."""
    with session.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
        page = _web_page(response)
        address = google_drive.confirmed_url(page, response.url)
        if not address:
            yield response, page
            return
    with session.get(address, headers=headers, stream=True, timeout=TIMEOUT) as response:
        yield response, _web_page(response)


def _append(response: requests.Response, part: Path, start: int, url: str, max_bytes: int | None) -> None:
    """Write what follows the first ``start`` bytes to ``part``; with 0, it begins anew."""
    length = response.headers.get("Content-Length")
    with (
        part.open("ab" if start else "wb") as file,
        tqdm(
            desc=part.stem,
            initial=start,
            total=start + int(length) if length else None,
            unit="B",
            unit_scale=True,
            disable=None,  # no bar if stderr is not a terminal
        ) as bar,
    ):
        for chunk in response.iter_content(CHUNK):
            if max_bytes is not None and file.tell() + len(chunk) > max_bytes:
                raise UserError(f"{url}: larger than {max_bytes:,} bytes. Name a smaller file.")
            file.write(chunk)
            bar.update(len(chunk))


def _resumable(part: Path, url: str, checked: bool) -> tuple[int, str]:
    """The number of bytes already there, and the validator that tells the server if its file is unchanged.

    If there is no checksum to verify the result, the bytes must come from this address, and the server must
    have sent a validator.
    """
    if checked:
        return _size(part), ""
    if not _origin(part).exists():
        return 0, ""
    address, _, validator = _origin(part).read_text(encoding="utf-8").partition("\n")
    return (_size(part), validator) if address == url and validator else (0, "")


def _origin(part: Path) -> Path:
    """The file that keeps the address of an unfinished download and the validator of its file."""
    return Path(f"{part}.from")


def _discard(part: Path) -> None:
    for file in (part, _origin(part)):
        file.unlink(missing_ok=True)


def _validator(response: requests.Response) -> str:
    """The value for ``If-Range``: a strong ETag, or else the time of the last change."""
    tag = response.headers.get("ETag", "")
    return tag if tag.startswith('"') else response.headers.get("Last-Modified", "")


def _web_page(response: requests.Response) -> str:
    """The text of a web page, empty if the server sends anything else."""
    if not response.headers.get("Content-Type", "").startswith("text/html"):
        return ""
    page = b""
    for chunk in response.iter_content(CHUNK):
        page += chunk
        if len(page) >= PAGE:
            break
    return page.decode("utf-8", errors="replace")


def _check_answer(response: requests.Response, page: str, url: str) -> None:
    status = f"{response.status_code} {response.reason}"
    if google_drive.quota_exceeded(page):
        raise UserError(
            f"{url}: Google Drive refuses the file because it was downloaded too often lately. "
            f"Try again in 24 hours, save it with a browser that is signed in, {USE_MIRROR}"
        )
    if response.status_code >= 500 or response.status_code in (408, 429):
        raise _TryAgain(f"the server answered {status}")
    if response.status_code >= 400 and response.status_code != 416:
        raise UserError(
            f"{url}: the server answered {status}. Look up on the data set's homepage where the file is now "
            f"and correct its `url`, {USE_MIRROR}"
        )
    if page and response.status_code != 416:
        raise _not_data(url, url)


def _refuse_web_page(part: Path, source: str, url: str) -> None:
    """Refuse a web page: a broken host may send one as any content type, and a mirror may have stored it."""
    with part.open("rb") as file:
        start = file.read(512).lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")):
        _discard(part)
        raise _not_data(source, url)


def _not_data(source: str, url: str) -> UserError:
    return UserError(
        f"{source}: a web page, not the file. Open {url} in a browser, save the file below a folder DIR "
        "as the data set's `mirror` entry says, and read it with `--config mirror=DIR`."
    )


def _verify(part: Path, target: Path, expected: str | None, source: str) -> None:
    record = Path(f"{target}.sha256")
    found = checksums.sha256(part)
    known = expected
    if known is None and record.exists():
        known = record.read_text(encoding="utf-8").partition(" ")[0]
    if known is None:
        write_text(record, f"{found}  {target.name}\n")  # what `sha256sum --check` reads
    elif found != known:
        _discard(part)
        remedy = "correct the `sha256` of the file" if expected else f"remove {record}"
        raise UserError(
            f"{source}: its sha256 is {found}, but {known} is expected. "
            f"Run again in case it was damaged on the way; if the new file is right, {remedy}."
        )


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0
