"""Pictures of the page as it is with the demo model: `make pictures` puts one into docs/.

The answers in them are the model's own. Each picture is also looked at: words stand out from what
is behind them, in light and in dark.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from qvtime.serve.app import Site
from qvtime.settings import Settings
from qvtime.tasks.folders import Choices, index_paths
from qvtime.tasks.looking import open_backend
from tests.browser.conftest import OpenPage
from tests.serve.running import Running, serving

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(1200)]

ROOT = Path(__file__).parents[2]
LARGEST_BYTES = 200_000
LEAST_CONTRAST = 4.5
"""Of text against its background: WCAG 2.2, 1.4.3."""
PATIENCE_MS = 600_000
DEMO = Settings(model="demo", granularity_ms=500)

CONTRASTS = Path(__file__).with_name("contrasts.js").read_text("utf-8").split("\n", 2)[2]
"""A function of the page: each visible text with its contrast."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The samples, one of them indexed, before the demo model."""
    folder = tmp_path_factory.mktemp("samples")
    for video in (ROOT / "samples").glob("*.mp4"):
        shutil.copy(video, folder)
    for _ in index_paths([str(folder / "vfr.mp4")], Choices(), DEMO, lambda: open_backend(DEMO)):
        pass
    with serving(Site([str(folder)], DEMO)) as running:
        yield running


def ask(page: Page, mode: str, words: str) -> None:
    page.locator("#composer .modes label", has_text=mode).click()
    page.fill("#ask-text", words)
    page.press("#ask-text", "Enter")
    done = page.locator(".card[data-state=done] h2", has_text=words)
    expect(done).to_be_visible(timeout=PATIENCE_MS)


def all_pictures_are_there(page: Page) -> None:
    for _ in range(1200):
        if page.evaluate("[...document.images].every((one) => one.complete)"):
            return
        page.wait_for_timeout(50)


def take(page: Page, name: str, folder: Path) -> None:
    """Looks at the page, and keeps a picture of it."""
    all_pictures_are_there(page)
    faint = [one for one in page.evaluate(CONTRASTS) if one[0] < LEAST_CONTRAST]
    assert faint == []
    file = folder / f"{name}.png"
    page.screenshot(path=file)
    with Image.open(file) as opened:  # 256 colours show it as well, in a third of the bytes
        palette = opened.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    palette.save(file, optimize=True)
    assert file.stat().st_size < LARGEST_BYTES
    if kept := os.environ.get("KEEP_PICTURES"):
        Path(kept).mkdir(parents=True, exist_ok=True)
        shutil.copy(file, kept)


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_a_picture_of_answers(
    running: Running, open_page: OpenPage, colours: str, tmp_path: Path
) -> None:
    viewport = {"width": 1200, "height": 760}
    page = open_page(running.url, viewport=viewport, color_scheme=colours)
    page.locator("#list .entry", has_text="vfr.mp4").click()
    page.wait_for_selector(".events .span")
    ask(page, "Ask", "what happens at 0:08?")
    ask(page, "Find when", "the yellow triangle shakes")
    found = page.locator(".card").first.locator(".event")
    expect(found).not_to_have_count(0)
    page.evaluate("film.currentTime = 3.2")
    page.wait_for_timeout(500)
    take(page, f"page-{colours}", tmp_path)


def test_a_picture_on_a_phone(running: Running, open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(running.url, viewport={"width": 390, "height": 844}, has_touch=True)
    take(page, "page-phone-list", tmp_path)
    page.locator("#list .entry", has_text="vfr.mp4").click()
    page.wait_for_selector(".events .span")
    take(page, "page-phone", tmp_path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
