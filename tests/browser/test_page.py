"""The page in other languages and sizes, with nothing to show, and with very much."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from qvtime.settings import Settings
from qvtime.timeline import Event, Span
from tests.browser.conftest import OpenPage
from tests.browser.using import ask, choose, until
from tests.serve.conftest import SEEN, SETTINGS, Folder, index_clip
from tests.serve.running import Running, serving
from tests.videos import STEADY, Clip, make

pytestmark = pytest.mark.browser


def test_chinese_follows_the_browser_and_can_be_switched(
    running: Running, open_page: OpenPage
) -> None:
    page = open_page(running.url, locale="zh-CN")
    expect(page.locator("#welcome h1")).to_have_text("选择一个视频")
    choose(page)
    expect(page.locator("#send")).to_have_text("提问")
    ask(page, "0:00.5 发生了什么？")
    expect(page.locator(".card")).to_have_attribute("data-state", "done")
    page.click("#language")
    expect(page.locator("#send")).to_have_text("Ask")
    page.reload()
    expect(page.locator("#send")).to_have_text("Ask")


@pytest.mark.parametrize("width", [320, 390, 768])
def test_a_narrow_screen(running: Running, open_page: OpenPage, width: int) -> None:
    page = open_page(running.url, viewport={"width": width, "height": 740}, has_touch=True)
    choose(page)
    ask(page, "what happens at 0:00.5?")
    expect(page.locator(".card")).to_have_attribute("data-state", "done")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if width < 760:
        page.locator(".back").click()
        expect(page.locator("#list")).to_be_visible()
        expect(page.locator("#video")).to_be_hidden()


def test_what_the_browser_cannot_play_is_shown_as_pictures(
    tmp_path: Path, folder: Folder, open_page: OpenPage
) -> None:
    make(Clip("old.avi", STEADY, codec="mpeg4", options=(("g", "12"),)), tmp_path)
    with serving(folder.site(paths=[str(tmp_path)])) as running:
        page = open_page(running.url)
        choose(page, "old.avi")
        expect(page.locator("#cannot")).to_be_visible()
        until(page, "still.naturalWidth > 0")
        ask(page, "what happens at 0:00.5?")
        page.locator(".card .event").first.click()
        until(page, "still.src.includes('at_ms=2') || still.src.includes('at_ms=3')")


def test_pictures_play_and_pause_by_a_button(
    tmp_path: Path, folder: Folder, open_page: OpenPage
) -> None:
    make(Clip("old.avi", STEADY, codec="mpeg4", options=(("g", "12"),)), tmp_path)
    make(Clip("clip.mp4", STEADY), tmp_path)
    with serving(folder.site(paths=[str(tmp_path)])) as running:
        page = open_page(running.url)
        choose(page, "old.avi")
        button = page.get_by_role("button", name="Play, pause")
        expect(button).to_have_text("▶")
        button.click()
        until(page, "still.src.includes('at_ms=500')")
        expect(button).to_have_text("❚❚")
        button.click()
        expect(button).to_have_text("▶")
        page.locator("#list .entry", has_text="clip.mp4").click()
        expect(button).to_be_hidden()


def test_nothing_to_show(tmp_path: Path, folder: Folder, open_page: OpenPage) -> None:
    with serving(folder.site(paths=[str(tmp_path)])) as running:
        page = open_page(running.url)
        expect(page.locator("#welcome h1")).to_have_text("No videos here")


def test_no_model(folder: Folder, open_page: OpenPage) -> None:
    with serving(folder.site(settings=Settings(model="none"))) as running:
        page = open_page(running.url)
        choose(page)
        expect(page.locator("#composer")).to_be_hidden()
        expect(page.locator("#no-model")).to_contain_text("has no model")
        expect(page.locator(".events .span")).to_have_count(len(SEEN))


def test_a_video_that_cannot_be_opened(tmp_path: Path, folder: Folder, open_page: OpenPage) -> None:
    (tmp_path / "page.mp4").write_text("<script>alert(1)</script>")
    with serving(folder.site(paths=[str(tmp_path)])) as running:
        page = open_page(running.url)
        page.locator("#list .entry").click()
        expect(page.locator("#welcome h1")).to_have_text("This video cannot be opened")
        expect(page.locator("#welcome")).to_have_attribute("role", "alert")


def test_everything_that_can_be_pressed_has_a_name(page: Page) -> None:
    choose(page)
    ask(page, "what happens at 0:00.5?")
    expect(page.locator(".card")).to_have_attribute("data-state", "done")
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll(
            'button, a, input, textarea, select, [role=slider], progress')]
            .filter((one) => one.matches('progress') || one.checkVisibility())
            .filter((one) => !(one.getAttribute('aria-label')
              || one.textContent.trim() || one.labels?.length))
            .map((one) => one.outerHTML)"""
    )
    assert unnamed == []


def test_hours_of_events(tmp_path: Path, folder: Folder, open_page: OpenPage) -> None:
    """Thousands of events are drawn as some hundred marks, and come apart where one looks."""

    clip = make(Clip("clip.mp4", STEADY), tmp_path)
    many = tuple(Event(Span(n, n + 1), f"event {n}", 0.5) for n in range(0, 2400, 1))
    index_clip(clip, many)
    with serving(folder.site(paths=[str(tmp_path)], settings=SETTINGS)) as running:
        page = open_page(running.url)
        choose(page)
        page.wait_for_selector(".events .span")
        assert page.locator(".events .span").count() < 1000
