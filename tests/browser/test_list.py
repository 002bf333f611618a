"""The list of videos and what was found in them: by keyboard, behind another tab."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.using import until
from tests.serve.conftest import SEEN, Folder, index_clip
from tests.serve.running import Running, serving
from tests.videos import STEADY, Clip, make

pytestmark = pytest.mark.browser


def test_what_was_found_plays_as_often_as_it_is_clicked(page: Page) -> None:
    page.fill("#search-words", "circle jumps")
    page.press("#search-words", "Enter")
    page.locator(".hit").click()
    until(page, "film.readyState >= 1")
    page.evaluate("film.currentTime = 1.5")
    page.locator(".hit").click()
    until(page, f"Math.abs(film.currentTime - {SEEN[0].span.start_ms / 1000}) < 0.2")


def test_the_keyboard_keeps_its_place_when_the_list_changes(
    tmp_path: Path, folder: Folder, open_page: OpenPage
) -> None:
    clip = make(Clip("clip.mp4", STEADY), tmp_path)
    with serving(folder.site(paths=[str(tmp_path)])) as running:
        page = open_page(running.url)
        entry = page.locator("#list .entry")
        entry.focus()
        index_clip(clip)
        expect(entry).to_contain_text(f"{len(SEEN)} events")
        expect(entry).to_be_focused()


def test_a_tab_in_the_background_has_its_list(running: Running, open_page: OpenPage) -> None:
    page = open_page(running.url)
    page.add_init_script("Object.defineProperty(document, 'hidden', { get: () => true })")
    page.reload()
    expect(page.locator("#list .entry")).to_have_count(2)
    expect(page.locator("#welcome h1")).to_have_text("Choose a video")
