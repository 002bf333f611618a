"""A server that is not there, not ours, busy, broken, or not truthful: one clear sentence each."""

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse

from qvtime.errors import ModelError, ServerError, UsageError
from qvtime.frames import FrameBatch
from qvtime.model.chat import ChatServer, checked_url
from qvtime.model.connecting import open_server
from qvtime.model.remote import RemoteBackend
from qvtime.settings import ServerChoice
from tests.serving.conftest import CENTRES_MS
from tests.serving.demo_server import DemoServer

KEY = "sk-very-secret"


@pytest.fixture
def quick() -> Callable[[DemoServer], RemoteBackend]:
    """Connects, and waits for nothing."""

    def connect(server: DemoServer) -> RemoteBackend:
        backend = open_server(ServerChoice(server.url), "demo", environment={"QVTIME_API_KEY": KEY})
        backend.served.server._sleep = lambda _: None
        return backend

    return connect


def in_turn(*answers: Response | None) -> tuple[Callable[[Any], Response | None], list[int]]:
    """Answers one after the other, the last for ever; None is the model's own. And a count."""
    count = [0]

    def answer(_body: Any) -> Response | None:
        count[0] += 1
        return answers[min(count[0], len(answers)) - 1]

    return answer, count


def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(ServerError, match="cannot be reached"):
        open_server(ServerChoice(f"http://127.0.0.1:{port}"), "demo")


def test_a_model_that_is_not_served_is_named_with_those_that_are(server: DemoServer) -> None:
    with pytest.raises(ServerError, match="does not serve 4B; it serves demo") as caught:
        open_server(ServerChoice(server.url), "4B")
    assert caught.value.hint == "use --model demo"


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_trouble_that_passes_is_waited_for(
    server: DemoServer,
    frames: FrameBatch,
    quick: Callable[[DemoServer], RemoteBackend],
    status: int,
) -> None:
    with quick(server) as backend, backend.look(frames, CENTRES_MS) as look:
        server.before, asked = in_turn(PlainTextResponse("busy", status), None)
        assert look.ask("what happens?", 4).text
    assert asked == [2]


def test_trouble_that_stays_is_not_waited_for_without_end(
    server: DemoServer, frames: FrameBatch, quick: Callable[[DemoServer], RemoteBackend]
) -> None:
    with quick(server) as backend, backend.look(frames, CENTRES_MS) as look:
        server.before, asked = in_turn(JSONResponse({"detail": "full"}, 503))
        with pytest.raises(ServerError, match=r"refuses the request \(503\): full"):
            look.ask("what happens?", 4)
    assert asked == [4]


def test_a_server_says_how_long_to_wait_within_reason(server: DemoServer) -> None:
    waited: list[float] = []
    chat = ChatServer(server.url, retry_seconds=(0.5, 0.5), sleep=waited.append)
    busy = [PlainTextResponse("", 429, {"Retry-After": value}) for value in ("7", "86400", "soon")]
    server.before, _ = in_turn(*busy)
    with pytest.raises(ServerError, match="429"):
        chat.chat({"model": "demo"})
    chat.close()
    assert waited == [7.0, 30.0]


async def _half() -> Any:
    yield b'{"choices": [{"mess'
    raise ConnectionResetError


def test_an_answer_that_is_cut_is_asked_for_again_and_then_told(
    server: DemoServer, frames: FrameBatch, quick: Callable[[DemoServer], RemoteBackend]
) -> None:
    def cut(_body: Any) -> Response:
        headers = {"content-length": "5000"}
        return StreamingResponse(_half(), media_type="application/json", headers=headers)

    with quick(server) as backend, backend.look(frames, CENTRES_MS) as look:
        server.before = cut
        with pytest.raises(ServerError, match="broke off its answer"):
            look.ask("what happens?", 4)


def test_a_server_that_never_answers(server: DemoServer) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(ServerError, match=r"has not answered within 0\.2 s"):
            open_server(ServerChoice(url, timeout_seconds=0.2), "demo")


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (PlainTextResponse("<html>welcome</html>"), "answers, but not in JSON"),
        (JSONResponse([1, 2]), "answers, but not in JSON"),
        (JSONResponse({"choices": []}), "no chat completion"),
        (JSONResponse({"choices": [{"message": {"content": 7}}]}), "no chat completion"),
        (
            JSONResponse({"choices": [{"message": {"content": "x"}, "finish_reason": "abort"}]}),
            r"broke off its answer \(abort\)",
        ),
        (JSONResponse({"error": {"message": "boom\nline"}}, 500), r"\(500\): boom line"),
        (PlainTextResponse("nginx", 404), r"refuses the request \(404\)$"),
        (PlainTextResponse("", 413), "takes no request of this size"),
        (JSONResponse({"error": {"message": f"bad key {KEY}"}}, 401), r"let us in \(401\)$"),
        (JSONResponse({"message": f"bad key {KEY}"}, 400), r"\(400\): bad key \[key\]$"),
    ],
)
def test_answers_that_are_none(
    server: DemoServer,
    frames: FrameBatch,
    quick: Callable[[DemoServer], RemoteBackend],
    answer: Response,
    sentence: str,
) -> None:
    with quick(server) as backend, backend.look(frames, CENTRES_MS) as look:
        server.before, asked = in_turn(answer)
        with pytest.raises(ServerError, match=sentence) as caught:
            look.ask("what happens?", 4)
    assert asked == [1]
    assert KEY not in caught.value.message
    assert "\n" not in caught.value.message


def test_a_prompt_that_is_too_long(
    server: DemoServer, frames: FrameBatch, quick: Callable[[DemoServer], RemoteBackend]
) -> None:
    said = "This model's maximum context length is 4096 tokens. However, you requested 5000."
    with quick(server) as backend, backend.look(frames, CENTRES_MS) as look:
        server.before, _ = in_turn(JSONResponse({"error": {"message": said}}, 400))
        with pytest.raises(ModelError, match="cannot read so long a prompt: This model's") as told:
            look.ask("what happens?", 4)
    assert told.value.hint is not None
    assert "shorter --window" in told.value.hint


def test_the_key_is_sent_and_nothing_else_of_the_environment(
    server: DemoServer, quick: Callable[[DemoServer], RemoteBackend]
) -> None:
    with quick(server):
        pass
    assert {one["authorization"] for one in server.headers} == {f"Bearer {KEY}"}
    server.headers.clear()
    with open_server(ServerChoice(server.url), "demo", environment={"OPENAI_API_KEY": KEY}):
        pass
    assert not any("authorization" in one for one in server.headers)


def test_a_server_that_reads_frames_at_its_own_times_is_not_believed(server: DemoServer) -> None:
    server.heeds_times = False
    with pytest.raises(ServerError, match="does not read frames at the times") as caught:
        open_server(ServerChoice(server.url), "demo")
    assert caught.value.hint is not None
    assert "--server-frames images" in caught.value.hint
    with open_server(ServerChoice(server.url, "images"), "demo") as backend:
        assert backend.served.frames_as == "images"


@pytest.fixture
def leaving_out(server: DemoServer) -> Iterator[DemoServer]:
    """A server that reads 32 pictures at most, and counts what it reads."""
    answer = server.answer

    def shortened(body: Any) -> dict[str, Any]:
        kept = answer(body)
        kept["usage"]["prompt_tokens"] //= 2
        return kept

    server.answer = shortened  # type: ignore[method-assign]
    yield server
    del server.answer


def test_a_server_that_leaves_frames_out_is_found_out(
    leaving_out: DemoServer, frames: FrameBatch
) -> None:
    with open_server(ServerChoice(leaving_out.url), "demo") as backend:  # noqa: SIM117
        with (
            backend.look(frames, CENTRES_MS) as look,
            pytest.raises(ServerError, match="leaves frames out, or makes them smaller"),
        ):
            look.ask("what happens?", 4)


def test_a_server_that_says_times_that_do_not_exist_is_found_out(
    server: DemoServer, frames: FrameBatch
) -> None:
    def elsewhere(answer: dict[str, Any]) -> dict[str, Any]:
        answer["choices"][0]["message"]["content"] = "<time>99.0</time> it jumps"
        return answer

    with open_server(ServerChoice(server.url), "demo") as backend:  # noqa: SIM117
        with backend.look(frames, CENTRES_MS) as look:
            server.after = elsewhere
            with pytest.raises(ServerError, match=r"which times an answer may name.*99\.0"):
                look.ask("what happens?", 4)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://gpu1:8000", "http://gpu1:8000/v1"),
        ("https://gpu1/v1/", "https://gpu1/v1"),
        ("http://[::1]:8000/models/a", "http://[::1]:8000/models/a/v1"),
    ],
)
def test_addresses(url: str, address: str) -> None:
    assert checked_url(url) == address


@pytest.mark.parametrize(
    "url",
    [
        "gpu1:8000",
        "ftp://gpu1",
        "http://",
        "http://me:secret@gpu1",
        "http://gpu1/v1?x",
        "http://[",
        "http://gpu1:x",
    ],
)
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        checked_url(url)
    assert "secret" not in caught.value.message
