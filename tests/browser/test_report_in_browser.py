"""The report in a real browser: sort, filter, search, open a post, on a wide page and on a phone's."""

import shutil
from collections.abc import Callable, Iterator
from importlib.util import find_spec

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
CHROMIUM = shutil.which("chromium")
if CHROMIUM is None:
    pytest.skip("Chromium is not installed", allow_module_level=True)
if find_spec("itables") is None:
    pytest.skip("itables is not installed", allow_module_level=True)

from test_report import ATTACK, report  # noqa: E402

Open = Callable[..., sync_api.Page]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("report")
    report(folder, posts=30)
    return (folder / "report.html").as_uri()


@pytest.fixture(scope="module")
def browser() -> Iterator[sync_api.Browser]:
    with sync_api.sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])


@pytest.fixture
def page(browser: sync_api.Browser, address: str) -> Iterator[Open]:
    """Opens the report; fails the test on a console message, an error or a request to elsewhere."""
    complaints: list[str] = []

    def open_page(width: int = 1280, scheme: str = "light") -> sync_api.Page:
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page.set_default_timeout(5000)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: (complaints.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: request.url.startswith("http") and complaints.append(request.url))
        page.goto(address)
        page.wait_for_selector(".post")
        return page

    yield open_page
    assert complaints == []


def column(page: sync_api.Page, number: int) -> list[str]:
    return page.locator(f"#table-does_it_help tbody td:nth-child({number})").all_inner_texts()


def test_a_table_sorts_by_click_and_by_keyboard_and_filters(page: Open) -> None:
    opened = page()
    title = opened.get_by_role("columnheader", name="difference")
    title.click()
    assert column(opened, 5) == ["+0.00", "+20.00"]
    title.get_by_role("button", name="Toggle ordering").press("Enter")
    assert column(opened, 5) == ["+20.00", "+0.00"]
    opened.locator("#table-does_it_help input[type=search]").first.fill("gated")
    assert column(opened, 3) == ["gated"]


def test_posts_are_searched_and_filtered(page: Open) -> None:
    opened = page()
    count = opened.get_by_role("status").filter(has_text="posts")
    assert count.inner_text() == "30 of 30 posts"
    opened.locator("[name=words]").fill("test-12")
    assert opened.locator(".post h3").all_inner_texts() == ["test-12"]
    opened.locator("[name=words]").fill("")
    opened.locator("[name=change]").select_option("hurt")
    assert count.inner_text() == "0 of 30 posts"
    opened.locator("[name=change]").select_option("helped")
    assert count.inner_text() == "30 of 30 posts"
    opened.locator("[name=type]").select_option("PER")
    opened.locator("[name=error]").select_option("wrong_type")
    assert count.inner_text() == "0 of 30 posts"


def test_two_models_are_compared_and_a_post_shows_its_script(page: Open) -> None:
    opened = page()
    post = opened.locator(".post").first
    assert ATTACK in post.inner_text()
    assert post.locator("dt").all_inner_texts() == ["Gold", "bilstm text_only", "bilstm+cnn linear helped"]
    assert post.locator("mark.wrong").all_inner_texts() == ["AdaLOC ✗"]
    opened.locator("[name=first]").select_option(label="bilstm+cnn linear")
    opened.locator("[name=second]").select_option(label="bilstm text_only")
    assert post.locator("dt").last.inner_text() == "bilstm text_only hurt"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 390, 1280])
def test_no_page_is_wider_than_its_screen(page: Open, width: int, scheme: str) -> None:
    opened = page(width, scheme)
    opened.evaluate("for (const details of document.querySelectorAll('details')) details.open = true")
    opened.wait_for_function("document.querySelectorAll('.dt-container').length === 3")
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
