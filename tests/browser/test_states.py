"""What the page says while something is missing, at work, or gone."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from qvtime.errors import ModelNotFound
from qvtime.settings import Settings
from qvtime.store.run import RunNote, RunState
from tests.browser.conftest import OpenPage
from tests.serve.conftest import SEEN, Folder, index_clip
from tests.serve.running import serving
from tests.videos import STEADY, Clip, make

pytestmark = pytest.mark.browser


def test_a_model_that_cannot_be_loaded(folder: Folder, open_page: OpenPage) -> None:
    """It is said why, with what to do; and asked again it may be there."""
    loads = [ModelNotFound("big: is not on this machine", "qvtime models get big")]

    def load(_: Settings) -> object:
        if loads:
            raise loads.pop()
        return folder.script.load()

    with serving(folder.site(load=load)) as running:
        page = open_page(running.url)
        page.locator("#list .entry", has_text="clip.mp4").click()
        trouble = page.locator("#no-model")
        expect(trouble).to_contain_text("big: is not on this machine")
        expect(trouble).to_contain_text("qvtime models get big")
        expect(page.locator("#model")).to_have_attribute("data-state", "failed")
        loads.append(ModelNotFound("big: is still not there"))
        page.fill("#ask-text", "what happens?")
        page.press("#ask-text", "Enter")
        expect(page.locator(".card .trouble")).to_contain_text("big: is still not there")
        page.get_by_role("button", name="Ask again").click()
        expect(page.locator(".card")).to_have_attribute("data-state", "done")


def test_a_running_index_is_shown_and_what_it_finds(
    tmp_path: Path, folder: Folder, open_page: OpenPage
) -> None:
    clip = make(Clip("clip.mp4", STEADY), tmp_path)
    place = tmp_path / ".qvtime"
    place.mkdir()
    with serving(folder.site(paths=[str(tmp_path)])) as running:
        with RunNote(place) as run:
            run.say(RunState(0, "clip.mp4", 2, 5))
            page = open_page(running.url)
            page.locator("#list .entry", has_text="clip.mp4").click()
            expect(page.locator("#indexing")).to_contain_text("Indexing: 0 of 1 videos")
            expect(page.locator("#indexing")).to_contain_text("clip.mp4, part 3 of 5")
            expect(page.locator(".events .lane-plot")).to_contain_text("No timeline yet")
            index_clip(clip)
        expect(page.locator("#indexing")).to_be_hidden()
        expect(page.locator(".events .span")).to_have_count(len(SEEN))


def test_a_server_that_is_gone(folder: Folder, open_page: OpenPage) -> None:
    with serving(folder.site()) as running:
        page = open_page(running.url)
        page.locator("#list .entry", has_text="clip.mp4").click()
        expect(page.locator("#name")).to_have_text("clip.mp4")
    page.fill("#ask-text", "what happens?")
    page.press("#ask-text", "Enter")
    expect(page.locator(".card .trouble")).to_contain_text("The server does not answer")
    expect(page.locator("#model")).to_contain_text("The server does not answer")


def test_a_server_that_refuses(folder: Folder, open_page: OpenPage) -> None:
    """As one does that came back with another token."""
    with serving(folder.site()) as running:
        page = open_page(running.url)
        refusal = {"error": "Refused", "message": "this server wants its token", "hint": None}
        page.route("**/api/status", lambda route: route.fulfill(status=401, json=refusal))
        expect(page.locator("#model")).to_have_text("this server wants its token")
        expect(page.locator("#model")).to_have_attribute("data-state", "failed")


def test_light_and_dark_can_be_chosen_and_are_kept(folder: Folder, open_page: OpenPage) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    with serving(folder.site()) as running:
        page = open_page(running.url, color_scheme="dark")
        dark = page.evaluate(paper)
        page.click("#theme")
        light = page.evaluate(paper)
        assert light != dark
        page.reload()
        assert page.evaluate(paper) == light
        page.click("#theme")
        assert page.evaluate(paper) == dark


def test_what_is_downloaded_has_a_name_and_the_events(folder: Folder, open_page: OpenPage) -> None:
    with serving(folder.site()) as running:
        page = open_page(running.url)
        page.locator("#list .entry", has_text="clip.mp4").click()
        for ending in ("srt", "vtt", "json", "csv"):
            with page.expect_download() as started:
                page.locator("#downloads a", has_text=ending.upper()).click()
            assert started.value.suggested_filename == f"clip.{ending}"
            assert "the red circle jumps" in Path(started.value.path()).read_text("utf-8")
