"""What people do on the page."""

import pytest
from playwright.sync_api import Page


def until(page: Page, true: str) -> None:
    """Waits for an expression; the browser's own way to wait is what the page's policy forbids."""
    for _ in range(200):
        if page.evaluate(true):
            return
        page.wait_for_timeout(50)
    pytest.fail(f"never came true: {true}")


def choose(page: Page, name: str = "clip.mp4") -> None:
    """Opens a video from the list, and waits until the player knows it."""
    page.locator("#list .entry", has_text=name).click()
    until(page, "film.readyState >= 1 || !still.hidden")


def ask(page: Page, words: str) -> None:
    page.fill("#ask-text", words)
    page.press("#ask-text", "Enter")
