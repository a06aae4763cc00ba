import shutil
import sys
from pathlib import Path

import pytest

from graphfuse.report import write_reports

sys.path.insert(0, str(Path(__file__).parent))
from results import HOSTILE, write

CHROMIUM = shutil.which("chromium")
MEANS = {
    "majority": 0.5,
    "unimodal:a": 0.6,
    "concat": 0.7,
    "graph:hgt": 0.9,
    "graph:hgt/no_edges": 0.9,
    "token_transformer": 0.9,
    f"graph:{HOSTILE}": 0.8,
}


@pytest.fixture
def page(tmp_path):
    if CHROMIUM is None:
        pytest.skip("chromium is not installed; the report is not opened in a browser")
    from playwright.sync_api import sync_playwright

    html = write_reports(
        write(tmp_path, MEANS, classes=(HOSTILE, "y"), noise=0.001), tmp_path / "report.html"
    )[0]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        page = browser.new_page()
        page.problems, page.asked = [], []
        page.on("console", lambda m: page.problems.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.on("dialog", lambda dialog: (page.problems.append("dialog"), dialog.dismiss()))
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto(html.as_uri())
        yield page
        browser.close()


def test_no_error_and_no_request(page):
    page.wait_for_timeout(200)
    assert page.problems == []
    assert [url for url in page.asked if not url.startswith(("file:", "data:"))] == []
    assert len([url for url in page.asked if url.startswith("file:")]) == 1


def test_the_leaderboard_sorts(page):
    header = page.locator("table.leaderboard th", has_text="mean")
    means = page.locator("table.leaderboard tbody td:nth-child(4)")
    header.locator("button").click()
    best_first = [float(v) for v in means.all_inner_texts()]
    assert header.get_attribute("aria-sort") == "descending"
    assert best_first == sorted(best_first, reverse=True)
    header.locator("button").click()
    assert header.get_attribute("aria-sort") == "ascending"
    assert [float(v) for v in means.all_inner_texts()] == sorted(best_first)


def test_ties_collapse_to_their_first_and_cheapest(page):
    rows = page.locator("table.leaderboard tbody tr:visible")
    best = page.locator("tr.tied")
    assert best.count() == 3
    shown = rows.count()
    page.locator("table.leaderboard th", has_text="parameters").locator("button").click()
    page.locator("input[data-collapse]").check()
    assert rows.count() == shown - 1
    assert page.locator("td[data-more='1']").count() == 1
    assert page.locator("tr[data-cheapest]").is_visible()
    page.locator("input[data-family=feature]").uncheck()
    page.locator("input[data-family=feature]").check()
    assert rows.count() == shown - 1
    page.locator("input[data-collapse]").uncheck()
    assert rows.count() == shown
    assert page.locator("td[data-more]").count() == 0


def test_filter_and_theme(page):
    rows = page.locator("table.leaderboard tbody tr:visible")
    before = rows.count()
    page.locator("input[data-family=graph]").uncheck()
    assert rows.count() == before - 3
    page.locator("input[data-filter]").fill("conc")
    assert rows.count() == 1
    page.locator("input[data-filter]").fill("")
    page.locator("input[data-family=graph]").check()
    assert rows.count() == before
    page.locator("input[data-ablations]").uncheck()
    assert rows.count() == before - 1
    page.locator("input[data-ablations]").check()
    theme = page.evaluate("document.documentElement.dataset.theme")
    page.locator("#theme").click()
    assert page.evaluate("document.documentElement.dataset.theme") != theme


def test_dark_pages_print_black_on_white_with_everything_open(page):
    page.locator("#theme").click()
    if page.evaluate("document.documentElement.dataset.theme") == "light":
        page.locator("#theme").click()
    page.emulate_media(media="print")
    style = "getComputedStyle(document.body)"
    colours = page.evaluate(f"[{style}.color, {style}.backgroundColor]")
    assert colours == ["rgb(28, 36, 48)", "rgb(255, 255, 255)"]
    closed = page.locator("details:not([open])").count()
    assert closed > 0
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.locator("details:not([open])").count() == closed


@pytest.mark.parametrize("width", [390, 1300])
def test_nothing_but_tables_and_figures_scrolls_sideways(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
