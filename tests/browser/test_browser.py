"""The page in a real browser: look, ask, find, by mouse, by keyboard, in two languages."""

import threading
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from qvtime.tasks.captions import Pointed
from qvtime.timeline import Event, Span
from tests.browser.conftest import OpenPage
from tests.browser.using import ask, choose, until
from tests.scripted import seeing
from tests.serve.conftest import MARKUP, SEEN, SETTINGS, Folder
from tests.serve.running import Running, serving
from tests.videos import STEADY

pytestmark = pytest.mark.browser

JUMPS, OTHER = SEEN
NEAR_MS = 200


def find(page: Page, words: str) -> None:
    page.get_by_text("Find when").click()
    ask(page, words)


def player_ms(page: Page) -> float:
    return float(page.evaluate("film.currentTime * 1000"))


def expect_player_at(page: Page, ms: int) -> None:
    page.evaluate("film.pause()")
    until(page, "!film.seeking")
    assert abs(player_ms(page) - ms) <= NEAR_MS


def test_ask_and_click_the_time_of_the_answer(page: Page) -> None:
    choose(page)
    ask(page, "what happens at 0:00.5?")
    card = page.locator(".card")
    expect(card).to_have_attribute("data-state", "done")
    event = card.locator(".event").first
    expect(event).to_contain_text(JUMPS.caption)
    event.click()
    expect_player_at(page, JUMPS.span.start_ms)
    expect(card.locator(".downloads a")).to_have_count(4)


def test_what_is_found_is_on_the_timeline(page: Page) -> None:
    choose(page)
    find(page, OTHER.caption)
    expect(page.locator(".card")).to_have_attribute("data-state", "done")
    mark = page.locator(".results .span")
    expect(mark).to_have_count(1)
    assert OTHER.score is not None
    assert float(mark.evaluate("one => one.style.getPropertyValue('--score')")) == OTHER.score
    mark.click()
    expect_player_at(page, OTHER.span.start_ms)
    find(page, "an elephant")
    expect(page.locator(".card").first).to_contain_text("Not found.")


def test_what_was_not_looked_at_is_said_and_can_be(
    folder: Folder, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    pointed = Pointed(likely=(Event(Span(0, 400), JUMPS.caption, 0.9),))
    monkeypatch.setattr("qvtime.tasks.locate.point", lambda *_: pointed)
    folder.script = seeing([Event(Span(800, 1500), JUMPS.caption)], window_patches=2)
    with serving(folder.site(settings=replace(SETTINGS, patch_budget=4))) as running:
        page = open_page(running.url)
        choose(page)
        find(page, JUMPS.caption)
        first = page.locator(".card").first
        expect(first).to_contain_text("Not looked at")
        first.get_by_role("button", name="Look at all of it").click()
        expect(page.locator(".card")).to_have_count(2)
        expect(first.locator(".event")).to_have_count(1)
        expect(first.locator(".skipped")).to_have_count(0)


def test_the_heat_of_where_it_starts(page: Page) -> None:
    choose(page)
    find(page, JUMPS.caption)
    expect(page.locator(".card")).to_have_attribute("data-state", "done")
    heat = page.locator(".lane.heat canvas")
    expect(heat).to_be_visible()
    expect(heat).to_have_attribute("aria-label", "Starts: 0:00.3, 90 %")


def test_the_keyboard(page: Page) -> None:
    choose(page)
    page.locator("#name").focus()
    page.keyboard.press("n")
    expect_player_at(page, JUMPS.span.start_ms)
    page.keyboard.press("n")
    expect_player_at(page, OTHER.span.start_ms)
    expect(page.locator("#said")).to_contain_text("onerror")
    page.keyboard.press("p")
    expect_player_at(page, JUMPS.span.start_ms)
    page.keyboard.press("l")
    expect_player_at(page, STEADY[-1])
    page.keyboard.press("j")
    expect_player_at(page, 0)
    page.keyboard.press("Shift+ArrowRight")
    expect_player_at(page, 1000)
    page.keyboard.press("ArrowLeft")
    expect_player_at(page, 0)
    page.keyboard.press("/")
    expect(page.locator("#search-words")).to_be_focused()
    page.keyboard.type("n/?")
    expect(page.locator("#search-words")).to_have_value("n/?")
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    expect(page.locator("#ask-text")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()


def test_space_plays_and_pauses(running: Running, open_page: OpenPage) -> None:
    page = open_page(running.url)
    choose(page)
    page.evaluate("film.loop = true; film.muted = true")
    page.locator("#name").focus()
    page.keyboard.press(" ")
    until(page, "!film.paused && film.currentTime > 0")
    page.keyboard.press("k")
    until(page, "film.paused")


def test_the_question_is_about_the_playhead(page: Page) -> None:
    choose(page)
    page.evaluate("film.currentTime = 1.5")
    page.get_by_role("button", name="at 0:01.5").click()
    expect(page.locator("#ask-text")).to_have_value("what happens at 0:01.5?")
    expect(page.locator("#ask-text")).to_be_focused()


def test_labels_are_text(page: Page) -> None:
    choose(page)
    label = page.locator(".events .span").nth(1)
    expect(label).to_have_text(MARKUP)
    label.hover()
    expect(page.locator(".hover span")).to_contain_text(MARKUP)
    find(page, MARKUP)
    expect(page.locator(".card h2")).to_have_text(MARKUP)
    assert page.locator("img[src=x], .card b, .hover b").count() == 0


def test_hovering_shows_the_picture_of_the_moment(page: Page) -> None:
    choose(page)
    page.locator(".events .span").first.hover()
    expect(page.locator(".hover")).to_be_visible()
    until(page, "document.querySelector('.hover img').naturalWidth > 0")
    page.mouse.move(5, 5)
    expect(page.locator(".hover")).to_be_hidden()


def test_the_timeline_zooms_and_scrolls(page: Page) -> None:
    choose(page)
    thumb = page.locator(".overview .thumb")
    expect(thumb).to_have_attribute("aria-valuetext", "0:00 – 0:02")
    width = "one => one.getBoundingClientRect().width"
    before = page.locator(".events .span").first.evaluate(width)
    page.locator(".ruler .lane-plot").hover(position={"x": 30, "y": 8})
    page.mouse.wheel(0, -2000)
    until(page, f"({width})(document.querySelector('.events .span')) > {before * 1.1}")
    page.get_by_role("button", name="All of it").click()
    until(page, f"Math.abs(({width})(document.querySelector('.events .span')) - {before}) < 2")


def test_a_question_can_be_cancelled(page: Page, folder: Folder, running: Running) -> None:
    go_on, begun = threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        assert go_on.wait(30)

    folder.script.before = wait
    choose(page)
    ask(page, "what happens?")
    assert begun.wait(20)
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".card")).to_have_attribute("data-state", "cancelled")
    folder.script.before = lambda: None
    go_on.set()
    ask(page, "and now?")
    expect(page.locator(".card").first).to_have_attribute("data-state", "done")


def test_two_at_once_wait_for_each_other(
    page: Page, folder: Folder, running: Running, open_page: OpenPage
) -> None:
    go_on, begun = threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        assert go_on.wait(30)

    folder.script.before = wait
    other = open_page(running.url)
    choose(page)
    choose(other, "other.mp4")
    ask(page, "what happens?")
    assert begun.wait(20)
    ask(other, "what happens?")
    expect(other.locator(".card .state")).to_have_text("1 before you")
    folder.script.before = lambda: None
    go_on.set()
    for one in (page, other):
        expect(one.locator(".card")).to_have_attribute("data-state", "done")


def test_searching_all_videos(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("circle jumps")
    page.keyboard.press("Enter")
    hit = page.locator(".hit")
    expect(hit).to_have_count(1)
    hit.click()
    until(page, "film.readyState >= 1")
    expect_player_at(page, JUMPS.span.start_ms)
    page.fill("#search-words", "elephant")
    page.press("#search-words", "Enter")
    expect(page.locator("#hits")).to_contain_text("Nothing in the index")
    page.get_by_role("button", name="Back to all videos").click()
    expect(page.locator("#list .entry")).to_have_count(2)
