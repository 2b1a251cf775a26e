"""Google Drive as a file host: share links, the confirmation page, and the page that refuses a download."""

import re
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin

DOWNLOAD = "https://drive.google.com/uc"
_SHARED = re.compile(
    r"https?://(?:drive|docs|drive\.usercontent)\.google\.com/(?:file/d/|[^#]*[?&]id=)([\w-]+)|([\w-]{25,})$"
)


def download_url(url: str) -> str:
    """The download address for a share link or a bare file id; any other address unchanged."""
    match = _SHARED.match(url)
    return f"{DOWNLOAD}?{urlencode({'export': 'download', 'id': match[1] or match[2]})}" if match else url


def confirmed_url(page: str, url: str) -> str | None:
    """The address behind the "can't scan this file for viruses" page at ``url``; ``None`` for other pages."""
    form = _DownloadForm()
    form.feed(page)
    return None if form.action is None else f"{urljoin(url, form.action)}?{urlencode(form.fields)}"


def quota_exceeded(page: str) -> bool:
    """Whether the page says that the file was downloaded too often lately."""
    return "Quota exceeded" in page or "Too many users have viewed or downloaded this file" in page


class _DownloadForm(HTMLParser):
    """Collects the address and the hidden fields of ``<form id="download-form">``."""

    def __init__(self) -> None:
        super().__init__()
        self.action: str | None = None
        self.fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form" and values.get("id") == "download-form":
            self.action = values.get("action", "")
        elif tag == "input" and values.get("type") == "hidden":
            self.fields[values.get("name", "")] = values.get("value", "")
