"""How long labelled videos are: seen once, and kept, so that a run that goes on asks none again.

To see it a video is opened by a process of its own, a fifth of a second each; of thousands of
clips that is many minutes before the first step.
"""

import json
from pathlib import Path
from typing import Any

from qvtime.errors import VideoError
from qvtime.settings import Settings
from qvtime.store.files import write_atomically
from qvtime.video.worker import open_video


class Lengths:
    """The lengths of videos, in ms, by path; kept: the file that holds those seen before.

    What is kept counts only for a file of the same size and time of change, read with the same
    decoder; a file of lengths that is not there or is damaged holds none.
    """

    def __init__(self, settings: Settings, kept: Path | None = None) -> None:
        self._settings = settings
        self._seen: dict[str, list[Any]] = {}
        if kept is not None:
            try:
                raw = json.loads(kept.read_text("utf-8"))
            except (OSError, ValueError):
                return
            if isinstance(raw, dict):
                self._seen = {path: one for path, one in raw.items() if _is_entry(one)}

    def of(self, path: str) -> int | VideoError:
        """How long this video is; the error instead where it cannot be read."""
        try:
            status = Path(path).stat()
        except OSError:  # opening it says why
            key = None
        else:
            key = [status.st_size, status.st_mtime_ns, self._settings.decoder]
            if (found := self._seen.get(path)) is not None and found[:3] == key:
                return int(found[3])
        try:
            with open_video(path, self._settings.decoder, self._settings.limits) as reader:
                duration_ms = reader.info.duration_ms
        except VideoError as error:
            return error
        if key is not None:
            self._seen[path] = [*key, duration_ms]
        return duration_ms

    def keep(self, file: Path) -> None:
        """Write all that were seen into this file. OutputError."""
        write_atomically(file, json.dumps(self._seen, indent=0, sort_keys=True) + "\n")


def _is_entry(one: object) -> bool:
    """Whether this is size, time of change, decoder and length of a video."""
    return (
        isinstance(one, list)
        and len(one) == 4
        and all(type(number) is int for number in (one[0], one[1], one[3]))
        and one[3] > 0
    )
