"""Chromium, where there is one, and pages that may say nothing in its console."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.serve.conftest import Folder
from tests.serve.running import Running, serving

SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]

# What a folder of clips is, and the server over it.
from tests.serve.conftest import clips as clips  # noqa: E402
from tests.serve.conftest import folder as folder  # noqa: E402

OpenPage = Callable[..., Page]

expect.set_options(timeout=20_000)  # machines may be busy


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        if os.environ.get("QVTIME_REQUIRE_BROWSER"):
            pytest.fail("there is no chromium, and QVTIME_REQUIRE_BROWSER is set")
        pytest.skip("there is no chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=SWITCHES)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """`open_page(url, locale="zh-CN")` in a browser profile of its own."""
    contexts = []
    said: list[str] = []

    def open_page(url: str, **choices: Any) -> Page:
        choices = {"locale": "en-GB", "viewport": {"width": 1280, "height": 800}, **choices}
        context = browser.new_context(**choices)
        contexts.append(context)
        context.set_default_timeout(20_000)
        page = context.new_page()
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: said.append(f"a dialog: {dialog.message}"))
        page.on("console", lambda line: said.append(line.text) if line.type == "error" else None)
        page.goto(url)
        page.wait_for_selector("#list .entry, #welcome:not([hidden])")
        return page

    yield open_page
    for context in contexts:
        context.close()
    # A refused script or style is an error here: the content security policy holds, unneeded.
    assert [line for line in said if "Failed to load resource" not in line] == []


@pytest.fixture
def running(folder: Folder) -> Iterator[Running]:
    with serving(folder.site()) as running:
        yield running


@pytest.fixture
def page(running: Running, open_page: OpenPage) -> Page:
    page = open_page(running.url)
    # What plays moves on: a slow machine must not decide where the player is.
    page.add_init_script("HTMLMediaElement.prototype.play = async function () {}")
    page.reload()
    page.wait_for_selector("#list .entry")
    return page
