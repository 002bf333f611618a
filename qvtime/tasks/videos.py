"""The videos of a command line, one after the other as they are found."""

import os
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from qvtime.errors import VideoError
from qvtime.video.walk import read_file_list, walk
from qvtime.video_names import is_video_name


def find_videos(
    paths: Sequence[str],
    file_list: BinaryIO | None,
    nul: bool,
    failed: Callable[[VideoError], None],
) -> Iterator[str]:
    """The videos that are named, in folders that are named, and then those of a list, each once.

    The list is read as it comes in; see qvtime.video.walk for its form. What cannot be found goes
    to `failed`. UsageError for what is no list.
    """
    listed = () if file_list is None else read_file_list(file_list, nul)
    return walk(chain(paths, listed), failed=failed)


def is_called_a_video(file: Path) -> bool:
    """Whether the file's name ends as that of a video does."""
    return is_video_name(file.name)


def are_several(paths: Sequence[str]) -> bool:
    """Whether these paths may stand for any number of videos but one."""
    return len(paths) != 1 or os.path.isdir(paths[0])  # noqa: PTH112 - Path's raises at long names
