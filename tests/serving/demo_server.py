"""A model server in the OpenAI protocol that really answers: the demo model behind HTTP.

It does with a request what vLLM does for Qwen3-VL, as far as qvtime uses it: frames as a video with
their times (`media_io_kwargs`), labels that are means of times, images between words, an answer
that goes on with what the assistant has begun, answers held to a pattern (`structured_outputs`),
log-probabilities before any constraint, media that is named instead of sent again.
"""

import base64
import io
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import regex
import torch
import uvicorn
from PIL import Image
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from qvtime.model.engine import Engine
from qvtime.model.prefix import VideoPrefix, prefill
from qvtime.model.prompt import encode_control, encode_words
from qvtime.model.vision import video_features
from qvtime.model.weights import load_model
from qvtime.serve.server import listen

Pixels = npt.NDArray[np.uint8]
Body = Mapping[str, Any]
USUAL_FRAMES = 32


class Refusal(Exception):
    """What a request is refused with."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


@dataclass
class DemoServer:
    """owner: which engine it says it is; before: may answer in the model's place; after: may
    change an answer; requests: the bodies that came, headers: what came with each; heeds_times,
    heeds_patterns: whether it does what it is told."""

    owner: str = "vllm"
    before: Callable[[Body], Response | None] = lambda _: None
    after: Callable[[dict[str, Any]], Any] = lambda answer: answer
    requests: list[Body] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    heeds_times: bool = True
    heeds_patterns: bool = True
    keeps_media: bool = True
    url: str = ""

    def __post_init__(self) -> None:
        self.engine = Engine(load_model("demo", "cpu"))
        self._lock = threading.Lock()
        self._media: dict[str, list[tuple[str, Pixels]]] = {}
        self._read: dict[bytes, tuple[VideoPrefix, int]] = {}

    def app(self) -> Starlette:
        async def models(request: Request) -> Response:
            self.headers.append(dict(request.headers))
            listed = [
                {"id": "demo", "object": "model", "owned_by": self.owner, "max_model_len": 32768}
            ]
            return JSONResponse({"object": "list", "data": listed})

        async def chat(request: Request) -> Response:
            self.headers.append(dict(request.headers))
            body = json.loads(await request.body())
            self.requests.append(body)
            early = self.before(body)
            if early is not None:
                return early
            try:
                answer = self.after(await run_in_threadpool(self.answer, body))
            except Refusal as refusal:
                error = {"error": {"message": refusal.message, "code": refusal.status}}
                return JSONResponse(error, refusal.status)
            return answer if isinstance(answer, Response) else JSONResponse(answer)

        paths = {"/v1/models": (models, "GET"), "/v1/chat/completions": (chat, "POST")}
        return Starlette(
            routes=[Route(path, call, methods=[how]) for path, (call, how) in paths.items()]
        )

    @torch.inference_mode()
    def answer(self, body: Body) -> dict[str, Any]:
        """A chat completion."""
        if body["model"] != "demo":
            raise Refusal(404, f"The model `{body['model']}` does not exist.")
        user, *rest = body["messages"]
        begun = rest[0]["content"] if rest else ""
        if begun and self.owner != "llamacpp" and not body.get("continue_final_message"):
            raise Refusal(400, "the last message is the assistant's")
        with self._lock:
            prefix, tokens, words = self._see(user["content"], body)
            tokenizer = self.engine.loaded.tokenizer
            tail = encode_control(tokenizer, f"{words}<|im_end|>\n<|im_start|>assistant\n")
            tail += encode_words(tokenizer, begun)
            said = self._generate(prefix, tail, body)
        ended = said[-1][0] in self.engine.stop_ids and not body.get("ignore_eos")
        spoken = [one for one in said if one[0] not in self.engine.stop_ids]
        # All at once, as engines do: a character may be spelled in several tokens.
        content = str(tokenizer.decode([one for one, *_ in spoken]))
        message = {"role": "assistant", "content": content}
        listed = said if body.get("ignore_eos") else spoken
        logprobs = {"content": [self._entry(*one) for one in listed]} if body["logprobs"] else None
        choice = {
            "index": 0,
            "message": message,
            "logprobs": logprobs,
            "finish_reason": "stop" if ended else "length",
        }
        usage = {"prompt_tokens": tokens + len(tail), "completion_tokens": len(said)}
        return {"object": "chat.completion", "choices": [choice], "usage": usage}

    def _see(self, content: Sequence[Body], body: Body) -> tuple[VideoPrefix, int, str]:
        """The pictures of a message, read, the tokens of that, and the words after them."""
        patches: list[tuple[str, Pixels]] = []
        after = ""
        for part in content:
            if part["type"] == "video_url":
                patches += self._video(part, body)
            elif part["type"] == "image_url":
                picture = _decoded(part["image_url"]["url"].partition(",")[2])
                patches.append((after, np.stack((picture, picture))))
                after = ""
            else:
                after += part["text"]
        loaded = self.engine.loaded
        pixels = np.concatenate([pair for _, pair in patches])
        key = pixels.tobytes() + "".join(words for words, _ in patches).encode()
        if key not in self._read:
            features = video_features(loaded.model, pixels)
            control = loaded.control
            pads = [control.video_pad] * features.grid.tokens_per_time
            ids = [control.im_start, *encode_words(loaded.tokenizer, "user\n")]
            for words, _ in patches:
                ids += encode_control(loaded.tokenizer, words)
                ids += [control.vision_start, *pads, control.vision_end]
            prefix = prefill(loaded.model, ids, features, control.video_pad)
            self._read[key] = prefix, len(ids)
        return *self._read[key], after

    def _video(self, part: Body, body: Body) -> list[tuple[str, Pixels]]:
        """The patches of a video, each after the mean of its two times."""
        if part["video_url"] is None:
            if part["uuid"] not in self._media:
                raise Refusal(400, f"there is no media {part['uuid']}")
            return self._media[part["uuid"]]
        how = body.get("media_io_kwargs", {}).get("video", {})
        head, _, data = part["video_url"]["url"].partition(",")
        assert head == "data:video/jpeg;base64"
        count = how.get("num_frames", USUAL_FRAMES)
        frames = [_decoded(one) for one in data.split(",")][: count if count > 0 else None]
        indices = how.get("frames_indices", list(range(len(frames))))
        if len(indices) != len(frames) or how.get("total_num_frames", len(frames)) < len(frames):
            raise Refusal(400, "frames_indices length must match number of frames sent")
        if not self.heeds_times:
            indices = [0] * len(frames)
        times = [index / float(how.get("fps", 1)) for index in indices]
        pairs = zip(times[::2], times[1::2], strict=True)
        labels = [f"<{(one + other) / 2:.1f} seconds>" for one, other in pairs]
        pictures = [np.stack(frames[n : n + 2]) for n in range(0, len(frames), 2)]
        patches = list(zip(labels, pictures, strict=True))
        if self.keeps_media:
            self._media[part["uuid"]] = patches
        return patches

    def _generate(
        self, prefix: VideoPrefix, tail: Sequence[int], body: Body
    ) -> list[tuple[int, torch.Tensor, int]]:
        """Greedy: each token, all log-probabilities before the constraint, how many to report."""
        pattern = body.get("structured_outputs", {}).get("regex") or body.get("regex")
        held = regex.compile(pattern) if pattern and self.heeds_patterns else None
        said: list[tuple[int, torch.Tensor, int]] = []
        text = ""
        with prefix.question():
            logits = prefix.add(tail)
            while len(said) < body["max_tokens"]:
                own = logits.log_softmax(-1)
                token = self._choose(own, held, text)
                said.append((token, own, body.get("top_logprobs", 0)))
                if token in self.engine.stop_ids and not body.get("ignore_eos"):
                    break
                text += self._word(token)
                logits = prefix.add([token])
        return said

    def _choose(self, own: torch.Tensor, held: Any, text: str) -> int:
        """The likeliest token with which the text can still come to follow the pattern."""
        for token in own.argsort(descending=True).tolist():
            ends = token in self.engine.stop_ids
            longer = text if ends else text + self._word(token)
            if held is None or held.fullmatch(longer, partial=not ends):
                return int(token)
        raise AssertionError("a pattern that nothing can follow")

    def _word(self, token: int) -> str:
        return str(self.engine.loaded.tokenizer.decode([token]))

    def _entry(self, token: int, own: torch.Tensor, rivals: int) -> dict[str, Any]:
        """A token as the protocol has it."""
        top = own.topk(rivals)
        likely = zip(top.indices.tolist(), top.values.tolist(), strict=True)
        return {
            "token": self._word(token),
            "logprob": float(own[token]),
            "bytes": list(self._word(token).encode()),
            "top_logprobs": [
                {"token": self._word(one), "logprob": value, "bytes": None} for one, value in likely
            ],
        }


def _decoded(data: str) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))


@contextmanager
def serving(server: DemoServer) -> Iterator[DemoServer]:
    """The server on a real socket until the end of the block; `url` says where."""
    settings = uvicorn.Config(server.app(), log_level="critical", lifespan="off")
    http = uvicorn.Server(settings)
    with listen("127.0.0.1", 0) as listening:
        thread = threading.Thread(target=http.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            while not http.started:
                assert thread.is_alive()
                time.sleep(0.01)
            server.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
            yield server
        finally:
            http.should_exit = True
            thread.join(20)
            assert not thread.is_alive()
