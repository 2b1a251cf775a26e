"""The report in a real browser: sort, filter, search, compare models, on a wide page and on a phone's."""

import shutil
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
CHROMIUM = shutil.which("chromium")
if CHROMIUM is None:
    pytest.skip("Chromium is not installed (apt-get install chromium)", allow_module_level=True)
if find_spec("itables") is None:
    pytest.skip("itables is not installed", allow_module_level=True)

from axe_playwright_python.sync_playwright import Axe  # noqa: E402
from test_report import ATTACK, report  # noqa: E402

Open = Callable[..., sync_api.Page]
PATIENCE = 60_000  # milliseconds: a busy machine draws slowly
both_schemes = pytest.mark.parametrize("scheme", ["light", "dark"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    report(folder, posts=30)
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[sync_api.Browser]:
    sync_api.expect.set_options(timeout=PATIENCE)
    with sync_api.sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])


@pytest.fixture
def page(browser: sync_api.Browser, folder: Path) -> Iterator[Open]:
    """Opens the report; fails the test on a console message, an error or a request to elsewhere."""
    complaints: list[str] = []

    def open_page(width: int = 1280, scheme: str = "light", file: str = "report.html") -> sync_api.Page:
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: (complaints.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: request.url.startswith("http") and complaints.append(request.url))
        page.goto((folder / file).as_uri())
        page.wait_for_selector("#count:not(:empty)")
        return page

    yield open_page
    assert complaints == []


def check_column(page: sync_api.Page, title: str, texts: list[str]) -> None:
    """Wait until the column holds these texts: a table is drawn a moment after a click."""
    table = page.locator("#table-does_it_help table")
    place = table.locator("thead th").all_inner_texts().index(title) + 1
    sync_api.expect(table.locator(f"tbody td:nth-child({place})")).to_have_text(texts)


def test_a_table_sorts_by_click_and_by_keyboard_and_filters(page: Open) -> None:
    opened = page()
    title = opened.get_by_role("columnheader", name="difference")
    title.click()
    check_column(opened, "difference", ["+0.00", "+20.00", "+20.00"])
    title.get_by_role("button", name="difference").press("Enter")
    check_column(opened, "difference", ["+20.00", "+20.00", "+0.00"])
    title.get_by_role("button", name="Search").click()
    opened.locator(".dtcc-dropdown input").fill("20")
    check_column(opened, "model", ["bilstm+cnn linear"] * 2)
    opened.keyboard.press("Escape")
    opened.locator(".dtcc-dropdown").wait_for(state="detached")
    opened.locator(".dt-search input").fill("gated")
    opened.locator("#table-does_it_help .dt-empty").wait_for()


def test_a_row_unfolds_what_the_table_has_no_room_for_and_leads_to_its_runs(page: Open) -> None:
    opened = page(390)
    check_column(opened, "verdict", ["gains", "ignores", "gains"])
    assert opened.get_by_role("columnheader", name="with it").count() == 0
    button = opened.get_by_role("button", name="Details").first
    button.press("Enter")
    assert button.get_attribute("aria-expanded") == "true"
    rest = opened.locator(".rest div").all_inner_texts()
    assert "with it\n85.00" in rest and "drop, shuffled\n+25.00 (+20.00 to +30.00)" in rest
    opened.set_viewport_size({"width": 1280, "height": 900})
    opened.get_by_role("columnheader", name="with it").wait_for()
    check_column(opened, "with it", ["85.00"] * 3)
    assert button.get_attribute("aria-expanded") == "false"
    model = opened.locator("#table-does_it_help").get_by_role("link", name="bilstm+cnn linear").first
    assert model.get_attribute("href") == "runs/scans/none/bilstm%2Bcnn/linear/"


def test_without_scripts_the_page_offers_nothing_that_needs_them(
    browser: sync_api.Browser, folder: Path
) -> None:
    opened = browser.new_page(viewport={"width": 1280, "height": 900}, java_script_enabled=False)
    opened.goto((folder / "report.html").as_uri())
    for selector in ("#filters", "#further", ".scripted"):
        assert opened.locator(selector).is_hidden()
    assert opened.locator("#posts noscript p").is_visible()
    table = opened.locator("#table-does_it_help noscript")
    assert table.locator("td").first.is_visible()
    box = table.bounding_box()
    assert box is not None and box["x"] + box["width"] <= 1280


def test_a_column_says_what_it_means_where_one_points_and_below_its_table(page: Open) -> None:
    opened = page()
    header = opened.get_by_role("columnheader", name="corrected p")
    meaning = (
        "p-value after Holm's correction over the table's comparisons with two seeds or more on both sides"
    )
    assert header.get_attribute("title") == meaning
    opened.get_by_text("What the columns mean").first.click()
    meaning = opened.locator("#table-does_it_help .legend").get_by_text("had an 80 % chance to show")
    sync_api.expect(meaning).to_be_visible()


def test_posts_are_searched_and_filtered(page: Open) -> None:
    opened = page()
    count = opened.locator("#count")
    assert count.inner_text() == "30 of 30 posts"
    assert opened.locator(".post").count() == 12
    opened.get_by_role("button", name="Show 12 more of 18").press("Enter")
    assert opened.evaluate("document.activeElement.querySelector('h3').textContent") == "test-12"
    opened.locator("[name=words]").fill("test-12")
    assert opened.locator(".post h3").all_inner_texts() == ["test-12"]
    assert opened.locator("#further").is_hidden()
    opened.locator("[name=words]").fill("")
    opened.locator("[name=change]").select_option("hurt")
    assert count.inner_text().startswith("None of 30 posts matches.")
    opened.locator("[name=change]").select_option("helped")
    assert count.inner_text() == "30 of 30 posts"
    opened.locator("[name=type]").select_option("PER")
    opened.locator("[name=error]").select_option("wrong_type")
    assert opened.locator(".post").count() == 0


def test_two_models_are_compared_and_a_post_shows_its_script(page: Open) -> None:
    opened = page()
    post = opened.locator(".post").first
    assert ATTACK in post.inner_text()
    assert post.locator("dt").all_inner_texts() == ["Gold", "bilstm text_only", "bilstm+cnn linear helped"]
    runs = [link.get_attribute("href") for link in post.locator("dt a").all()]
    assert runs == [
        "runs/scans/none/bilstm+none/text_only/seed1/",
        "runs/scans/none/bilstm+cnn/linear/seed1/",
    ]
    assert post.locator("mark.wrong").all_inner_texts() == ["Adaplace ✗"]
    opened.locator("[name=first]").select_option(label="bilstm+cnn linear")
    opened.locator("[name=second]").select_option(label="bilstm text_only")
    assert post.locator("dt").last.inner_text() == "bilstm text_only hurt"


def test_a_character_that_turns_the_writing_round_turns_only_its_own_words(page: Open, folder: Path) -> None:
    text = (folder / "report.html").read_text(encoding="utf-8").replace('["Ada",', '["\u202eAda",')
    (folder / "turned.html").write_text(text, encoding="utf-8")
    mark = page(file="turned.html").locator("dd mark").first
    places = [mark.locator(part).bounding_box()["x"] for part in ("bdi", ".type")]
    assert places == sorted(places)  # the type still stands behind its entity


def test_a_gallery_without_posts_says_so(page: Open, folder: Path) -> None:
    start, rest = (folder / "report.html").read_text(encoding="utf-8").split('id="gallery-data">')
    emptied = f'{start}id="gallery-data">[]{rest[rest.index("</script>") :]}'
    (folder / "empty.html").write_text(emptied, encoding="utf-8")
    opened = page(file="empty.html")
    assert opened.locator("#count").inner_text().startswith("No posts are shown")
    assert opened.locator("#filters").count() == 0


@both_schemes
@pytest.mark.parametrize("width", [360, 390, 1280])
def test_no_page_is_wider_than_its_screen_and_none_shuts_a_reader_out(
    page: Open, width: int, scheme: str
) -> None:
    opened = page(width, scheme)
    opened.evaluate("for (const details of document.querySelectorAll('details')) details.open = true")
    tables = opened.locator("details.table").count()
    sync_api.expect(opened.locator(".dt-container")).to_have_count(tables)
    opened.get_by_role("button", name="Details").first.click()
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    assert [(issue["impact"], issue["id"]) for issue in Axe().run(opened).response["violations"]] == []


def test_no_image_grows_while_a_link_scrolls_past_it(page: Open) -> None:
    """Images stand in the page itself. One that waits to be seen would push away what was clicked."""
    images = page().locator("img")
    assert images.count() > 0
    assert [image.get_attribute("loading") for image in images.all()] == [None] * images.count()
