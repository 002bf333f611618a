"""openapi.json says what the API does: every address, and every answer by its schema."""

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from starlette.routing import Route
from starlette.testclient import TestClient

from qvtime.serve.app import make_app
from tests.serve.conftest import SEEN, Folder, asked, ids
from tests.serve.test_safety import ROUTES


@pytest.fixture
def document(client: TestClient) -> Any:
    return client.get("/api/openapi.json").json()


def check(document: Any, schema: str, value: object) -> None:
    """The value is as the schema says; a reference that leads nowhere is an error too."""
    whole = {"$ref": f"#/components/schemas/{schema}", "components": document["components"]}
    Draft202012Validator.check_schema(whole)
    Draft202012Validator(whole).validate(value)


def test_every_address_is_described(document: Any, folder: Folder) -> None:
    described = {
        (method.upper(), path) for path, item in document["paths"].items() for method in item
    }
    assert described == {one for one in ROUTES if one[1].startswith("/api/")}
    for route in make_app(folder.site()).routes:
        if isinstance(route, Route) and "{" in route.path:
            (item,) = document["paths"][route.path].values()
            named = {one["name"] for one in item["parameters"] if one["in"] == "path"}
            assert named == set(route.param_convertors)


def test_every_answer_is_as_described(client: TestClient, document: Any) -> None:
    own = ids(client)
    clip = f"/api/videos/{own['clip.mp4']}"
    check(document, "Status", client.get("/api/status").json())
    for one in client.get("/api/videos").json()["videos"]:
        check(document, "Listed", one)
        check(document, "Video", client.get(f"/api/videos/{one['id']}").json())
    found = client.get("/api/search?words=jumps").json()
    assert found["problems"] == []
    (hit,) = found["hits"]
    check(document, "Hit", hit)
    for address in ("/api/videos/none", "/api/search?words=", "/nowhere", "/api/answers/0"):
        check(document, "Error", client.get(address).json())
    told = [
        *asked(client, f"{clip}/ask", {"question": "what happens at 0:00.5?"}),
        *asked(client, f"{clip}/ask", {"question": "what happens at 9:00?"}),
        *asked(client, f"{clip}/locate", {"event": SEEN[0].caption}),
    ]
    for message in told:
        check(document, "Message", message)
    kinds = {message["type"] for message in told}
    assert {"accepted", "started", "progress", "starts", "report", "error"} <= kinds


def test_the_page_has_no_word_in_one_language_only() -> None:
    """Both dictionaries have the same keys, and every key that the page asks for is there."""
    import re

    page = Path("qvtime/serve/page")
    source = (Path(__file__).parents[2] / page / "words.js").read_text("utf-8")
    english, chinese = (
        set(re.findall(r"^    (\w+): ", part, re.MULTILINE))
        for part in re.split(r"^  zh: ", source, flags=re.MULTILINE)
    )
    assert english == chinese
    used = set()
    for file in (Path(__file__).parents[2] / page).iterdir():
        text = file.read_text("utf-8")
        used |= set(re.findall(r"\bt\(\"(\w+)\"", text))
        used |= set(re.findall(r"data-t(?:-label|-placeholder)?=\"(\w+)\"", text))
    assert used <= english
