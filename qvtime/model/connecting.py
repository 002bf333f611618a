"""From a server's address to its model, ready to look; nothing is asked of it unseen."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from qvtime.errors import ServerError
from qvtime.model.chat import KEY_VARIABLE, ChatServer
from qvtime.model.dialects import dialect_of
from qvtime.model.families import FAMILIES, family_of
from qvtime.model.fit import Wishes, fit_context
from qvtime.model.habits import Habits, habits_of
from qvtime.model.remote import RemoteBackend
from qvtime.model.served import ServedModel
from qvtime.settings import DEMO_MODEL, ServerChoice

USUAL_CONTEXT = 262_144
"""Tokens that the released checkpoints read; where a server does not say how many it takes."""
NO_WISHES = Wishes()


def open_server(
    choice: ServerChoice,
    model: str,
    wishes: Wishes = NO_WISHES,
    environment: Mapping[str, str] = os.environ,
) -> RemoteBackend:
    """The model of this name on this server, which reads windows as wished that it has room for.

    The key, where one is needed, comes from the environment alone. Raises UsageError for an
    address that is none; ServerError when the server cannot be reached, does not serve the model,
    or cannot take frames with their times as it is asked to.
    """
    server = ChatServer(choice.url, environment.get(KEY_VARIABLE) or None, choice.timeout_seconds)
    try:
        served = _find(server, model)
        dialect = dialect_of(served.get("owned_by"))
        frames_as = dialect.frames if choice.frames_as is None else choice.frames_as
        habits = _fitted(_habits(model, str(served.get("root") or "")), served, wishes)
        backend = RemoteBackend(ServedModel(server, model, habits, dialect, frames_as))
        if frames_as == "video":
            backend.check_true_times()
    except BaseException:
        server.close()
        raise
    return backend


def _find(server: ChatServer, model: str) -> dict[str, Any]:
    """What the server says of the model. ServerError, with those it does serve."""
    listed = server.models()
    for one in listed:
        if one.get("id") == model:
            return one
    raise ServerError(
        f"{server.url} does not serve {model}; it serves {_names(listed)}",
        f"use --model {listed[0].get('id')}" if listed else "see the server's own log",
    )


def _fitted(habits: Habits, served: Mapping[str, Any], wishes: Wishes) -> Habits:
    """The habits with what is read at once, by the longest prompt that the server says it takes."""
    longest = served.get("max_model_len")
    context_tokens = longest if type(longest) is int and longest > 0 else USUAL_CONTEXT
    patches, pixels = fit_context(str(served["id"]), habits, context_tokens, wishes)
    return replace(habits, window_patches=patches, frame_pixels=pixels)


def _names(listed: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(str(one.get("id"))[:80] for one in listed[:8]) or "nothing"


def _habits(*names: str) -> Habits:
    """How the first of these names that is known wants to be asked."""
    for name in names:
        if name == DEMO_MODEL:
            from qvtime.model.hub import find_model

            return habits_of(find_model(name).checkpoint.config, name)
        family = family_of(name)
        if family is not None:
            return Habits(**FAMILIES[family])
    return Habits()
