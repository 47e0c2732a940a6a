"""The report in a real browser: it needs nothing but itself, fits a phone, and runs nothing."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from shoprl.report import write_runs_report
from tests.support.browser import started_browser
from tests.support.folders import HOSTILE, add_episodes, add_log, comparison, row, run_folder

LONG = "a" * 2_000
# The least contrast of any text that is shown with the first colour behind it, as WCAG 2.2 computes it.
CONTRAST = """() => {
  const rgb = c => c.match(/[\\d.]+/g).map(Number);
  const light = c => rgb(c).slice(0, 3).map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = e => { for (; e; e = e.parentElement) {
    const c = getComputedStyle(e).backgroundColor; if (rgb(c)[3] !== 0) return c; } return "rgb(255,255,255)"; };
  const shown = [...document.body.querySelectorAll("*")].filter(e =>
    e.checkVisibility() && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()));
  return Math.min(...shown.map(e => { const a = light(getComputedStyle(e).color), b = light(behind(e));
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05); }));
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with started_browser() as started:
        yield started


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of two seeds, of agents with names that would break a page."""
    pytest.importorskip("matplotlib")
    base = tmp_path_factory.mktemp("report")
    folders = []
    for seed in (0, 1):
        groups = {LONG: {"success_rate": 0.5, "score": 60.0, "n": 9}, HOSTILE: {"success_rate": 0.4, "n": 9}}
        agents = {
            HOSTILE: row(0.4 + seed / 20, 50, groups=groups, seconds=61, updates=5),
            LONG: row(0.3 + seed / 20, 40),
            "rule": row(0.1, 30),
        }
        run = run_folder(
            base / f"run-{seed}",
            agents,
            seed,
            comparisons=[comparison(0.1, 0.05, 0.15, LONG)],
            thompson={"arms": [{"arm": LONG, "rollouts": 5, "score": 50.0, "success_rate": 0.5}]},
            wall_seconds={LONG: 9.5, HOSTILE: 8.0},
        )
        add_episodes(run, {"rule": [0.0, 1.0, 0.5, 0.2], "dpo": [1.0, 1.0, 0.6, 0.9]})
        add_log(run, "ppo", loss=1.0, score=50.0 + seed)
        add_log(run, "dpo", loss=0.7)
        folders.append(run)
    write_runs_report(folders, base / "report.html", title=HOSTILE + LONG)
    return base / "report.html"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_the_page_in_a_browser(browser: Any, page_file: Path, tmp_path: Path, width: int, scheme: str) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(page_file.as_uri())
    for details in page.locator("details").all():
        if details.get_attribute("open") is None:
            details.locator("summary").click(timeout=10_000)
    assert page.locator("details:not([open])").count() == 0
    page.screenshot(path=tmp_path / "page.png", full_page=True)
    assert said == []
    assert [url for url in asked if not url.startswith("data:")] == [page_file.as_uri()]
    assert page.locator("script").count() == 0
    sizes = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert sizes[0] <= sizes[1] == width
    assert page.evaluate("[...document.images].map(image => image.naturalWidth > 0)") == [True, True]
    tables = page.locator("table").all()
    assert len(tables) > 8
    assert all(table.is_visible() for table in tables)
    assert page.evaluate(CONTRAST) >= 4.5
    context.close()


def test_headings_are_in_order_and_boxes_take_the_keyboard(browser: Any, page_file: Path) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 800})
    page.goto(page_file.as_uri())
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map(h => Number(h.tagName[1]))")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    loose = "[...document.querySelectorAll('main *')].filter(e => e.scrollWidth > e.clientWidth + 1 && "
    loose += "getComputedStyle(e).overflowX === 'auto' && e.tabIndex !== 0).length"
    assert page.evaluate(loose) == 0  # what scrolls can be reached with the Tab key
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "region"
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_box_that_scrolls_sideways_shows_it(browser: Any, page_file: Path, tmp_path: Path, scheme: str) -> None:
    image = pytest.importorskip("matplotlib.image")
    page = browser.new_page(viewport={"width": 390, "height": 800}, color_scheme=scheme)
    page.goto(page_file.as_uri())
    box = page.locator(".scroll").first
    assert box.evaluate("box => box.scrollWidth > box.clientWidth + 50")

    def shadow(name: str) -> float:
        """How much the box's right edge differs from a place further in, on the empty last lines of a row."""
        box.screenshot(path=tmp_path / name)
        picture = image.imread(tmp_path / name)[..., :3]
        return float(abs(picture[-6, -4] - picture[-6, -60]).max())

    assert shadow("start.png") > 0.1
    box.evaluate("box => { box.scrollLeft = box.scrollWidth; }")
    assert shadow("end.png") < 0.02  # nothing more on that side
    page.close()


def test_plots_and_headings_fit_a_phone_and_episodes_come_early(browser: Any, page_file: Path) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 800})
    page.goto(page_file.as_uri())
    first = page.evaluate("document.querySelector('.episode, .plot').className")
    assert first == "episode"
    plots = page.locator(".plot")
    widths = "plots => plots.map(plot => plot.querySelector('img').getBoundingClientRect().width)"
    assert all(80 < width < 200 for width in plots.evaluate_all(widths))  # side by side
    plots.first.locator("summary").click()
    assert 300 < plots.evaluate_all(widths)[0] <= 358  # opens to the page's width
    words = "title => title.textContent.trim().split(/\\s+/)"
    titles = [title for title in page.locator("h2, h3, thead th").all() if max(map(len, title.evaluate(words))) < 20]
    assert len(titles) > 8
    lines = "title => { const range = document.createRange(); range.selectNodeContents(title);"
    lines += "return new Set([...range.getClientRects()].map(rect => Math.round(rect.top))).size; }"
    # What is broken at spaces alone has no more lines than words.
    assert all(title.evaluate(lines) <= len(title.evaluate(words)) for title in titles)
    page.close()
