"""A model server that speaks the OpenAI protocol: one request, one answer or one clear error.

The protocol: https://platform.openai.com/docs/api-reference/chat, as vLLM, SGLang and llama-server
speak it.
"""

import json
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import httpx2

from qvtime.errors import ModelError, ServerError, UsageError

Json: TypeAlias = "dict[str, Any]"

KEY_VARIABLE = "QVTIME_API_KEY"
CONNECT_SECONDS = 10.0
RETRY_SECONDS = (0.5, 2.0, 5.0)
"""How long to wait before each new attempt, after trouble that may pass."""
MOST_WAIT_SECONDS = 30.0
PASSING = frozenset((429, 502, 503, 504))
MOST_ANSWER_BYTES = 64 << 20
MOST_WORDS = 300
"""How much of a server's own words an error repeats."""

_TOO_LONG = ("context length", "maximum context", "context size", "too long", "max_model_len")
_SMALLER = "look at a shorter --window, or start the server with room for longer prompts"


class ChatServer:
    """A server at `url`, with or without `/v1` at its end. Threads may share it.

    key: sent as a bearer token, to that address only (redirects are not followed), and in no
    message. retry_seconds: the waits before new attempts. UsageError for a URL that is none.
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        timeout_seconds: float = 600.0,
        retry_seconds: tuple[float, ...] = RETRY_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.url = checked_url(url)
        self._key = key
        self._timeout = httpx2.Timeout(timeout_seconds, connect=CONNECT_SECONDS)
        self._retry_seconds, self._sleep = retry_seconds, sleep
        self._client: httpx2.Client | None = None

    def models(self) -> list[Json]:
        """What the server serves, as it says. Raises ServerError; asks once."""
        document = self._send("GET", "/models", None, ())
        listed = document.get("data")
        if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
            raise ServerError(
                f"{self.url} lists no models", "is it a server of the OpenAI protocol?"
            )
        return listed

    def chat(self, body: Mapping[str, Any]) -> Json:
        """The answer to a chat completion request; tried again after trouble that may pass.

        Raises ServerError, ModelError for a prompt that is too long.
        """
        return self._send("POST", "/chat/completions", body, self._retry_seconds)

    def _send(
        self, method: str, path: str, body: Mapping[str, Any] | None, waits: tuple[float, ...]
    ) -> Json:
        for wait in (*waits, None):
            try:
                status, headers, content = self._exchange(method, path, body)
            except httpx2.TimeoutException as error:
                raise self._late(error) from None
            except httpx2.TransportError as error:
                if wait is None:
                    raise self._unreachable(error) from None
            else:
                if status not in PASSING or wait is None:
                    return self._understood(status, content)
                wait = max(wait, _asked_to_wait(headers))
            self._sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    def _exchange(
        self, method: str, path: str, body: Mapping[str, Any] | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and content of one attempt."""
        if self._client is None:
            headers = {} if self._key is None else {"Authorization": f"Bearer {self._key}"}
            self._client = httpx2.Client(headers=headers, timeout=self._timeout)
        content = bytearray()
        with self._client.stream(method, self.url + path, json=body) as answer:
            for piece in answer.iter_bytes():
                content += piece
                if len(content) > MOST_ANSWER_BYTES:
                    raise ServerError(f"{self.url} answers without end")
            return answer.status_code, answer.headers, bytes(content)

    def _understood(self, status: int, content: bytes) -> Json:
        try:
            document = json.loads(content)
        except (ValueError, RecursionError):
            document = None
        if status == HTTPStatus.OK and isinstance(document, dict):
            return document
        if status == HTTPStatus.OK:
            raise ServerError(
                f"{self.url} answers, but not in JSON", "is it a server of the OpenAI protocol?"
            )
        raise self._refusal(status, document)

    def _refusal(self, status: int, document: Any) -> ModelError:
        said = self._words(document)
        if any(sign in said.casefold() for sign in _TOO_LONG):
            return ModelError(f"{self.url} cannot read so long a prompt: {said}", _SMALLER)
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            return ServerError(
                f"{self.url} does not let us in ({status})", f"put its key into {KEY_VARIABLE}"
            )
        if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return ServerError(
                f"{self.url} takes no request of this size (413)", "look at a shorter --window"
            )
        because = f": {said}" if said else ""
        return RefusedRequest(f"{self.url} refuses the request ({status}){because}")

    def _words(self, document: Any) -> str:
        """The server's own words about what is wrong, on one line, without the key."""
        said = document
        for name in ("error", "message", "detail"):
            if isinstance(said, dict) and name in said:
                said = said[name]
        if not isinstance(said, str):
            return ""
        line = " ".join(said.split())
        line = line.replace(self._key, "[key]") if self._key else line
        return line if len(line) <= MOST_WORDS else f"{line[:MOST_WORDS]} …"

    def _late(self, error: httpx2.TimeoutException) -> ServerError:
        if isinstance(error, httpx2.ConnectTimeout):
            return ServerError(f"{self.url} does not answer", "is the address right?")
        return ServerError(
            f"{self.url} has not answered within {self._timeout.read:g} s",
            "it may be too busy; look at a shorter --window",
        )

    def _unreachable(self, error: httpx2.TransportError) -> ServerError:
        if isinstance(error, httpx2.ConnectError):
            return ServerError(f"{self.url} cannot be reached: {error}", "is the server running?")
        return ServerError(f"{self.url} broke off its answer", "see the server's own log")

    def close(self) -> None:
        """End its connections; the next request makes new ones."""
        if self._client is not None:
            self._client.close()
        self._client = None


class RefusedRequest(ServerError):
    """The server will not do what this request asks for; another may be fine."""


def checked_url(url: str) -> str:
    """The address of a server's API, ending with `/v1`. UsageError for what is none."""
    try:
        parts = urlsplit(url)
        named = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # brackets that do not close, a port that is no number
        named = False
    if not named:
        raise UsageError(f"--server {url} is no address", "use one such as http://gpu1:8000")
    if parts.username is not None or parts.password is not None:
        raise UsageError(
            "--server holds a name or a password", f"put the server's key into {KEY_VARIABLE}"
        )
    if parts.query or parts.fragment:
        raise UsageError(
            f"--server {url} is more than an address", "leave what follows ? or # away"
        )
    path = parts.path.rstrip("/")
    path = path if path.endswith("/v1") else f"{path}/v1"
    return f"{parts.scheme}://{parts.netloc}{path}"


def _asked_to_wait(headers: Mapping[str, str]) -> float:
    """How many seconds the server asks to wait, within reason."""
    value = headers.get("retry-after", "")
    return min(float(value), MOST_WAIT_SECONDS) if value.isdecimal() else 0.0
