"""The page of ``mnerflow app`` in a real browser: a post is typed, a picture dropped, names are seen."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
CHROMIUM = shutil.which("chromium")
if CHROMIUM is None:
    pytest.skip("Chromium is not installed (apt-get install chromium)", allow_module_level=True)

from axe_playwright_python.sync_playwright import Axe  # noqa: E402
from PIL import Image  # noqa: E402
from test_app import run, served  # noqa: E402, F401
from tiny_run import RUN  # noqa: E402


@pytest.fixture(scope="module")
def address(run: Path) -> Iterator[str]:  # noqa: F811
    with served(run) as address:
        yield address


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_a_post_with_a_picture(address: str, width: int, scheme: str, tmp_path: Path):
    for colour in ("red", "blue"):
        Image.new("RGB", (RUN.image_size, RUN.image_size), colour).save(tmp_path / f"{colour}.png")
    complaints: list[str] = []
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request",
            lambda one: None if one.url.startswith((address, "data:")) else complaints.append(one.url),
        )
        page.goto(address)
        page.fill("#text", "we met Ann 👍 in Rome & <b>Ann</b>")
        page.set_input_files("#images", tmp_path / "red.png")
        page.set_input_files("#others", tmp_path / "blue.png")
        page.wait_for_selector(".drop img >> nth=1")
        page.click("button[type=submit]")
        page.wait_for_selector(".view >> nth=2")
        titles = page.locator(".view h3").all_inner_texts()
        assert titles == ["As given", "Without picture and contexts", "With the other picture"]
        first = page.locator(".view .post").first
        assert first.inner_text().startswith("we met Ann PER 0.") and "👍 in Rome & <b>" in first.inner_text()
        assert page.locator(".view .why").first.inner_text().startswith("Weight of the picture")
        assert not page.evaluate(
            "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        )
        assert Axe().run(page).violations_count == 0
        page.screenshot(path=tmp_path / "page.png", full_page=True)
        page.fill("#text", "a")
        page.click("text=Remove >> nth=0")
        page.click("button[type=submit]")
        page.wait_for_selector("text=No names found.")
        browser.close()
    assert complaints == []
