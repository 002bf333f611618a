"""The videos of a command line, one after the other as they are found."""

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import chain
from typing import BinaryIO

from qvtime.errors import UsageError, VideoError
from qvtime.video.walk import read_file_list, walk
from qvtime.video_names import video_name


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


def videos_named(
    folder: str, names: Collection[str], failed: Callable[[VideoError], None] | None = None
) -> dict[str, str]:
    """The videos below a folder that have one of these names (qvtime.video_names.video_name).

    What cannot be read is as in qvtime.video.walk. UsageError where two have one name: nobody can
    say which of them is meant.
    """
    paths: dict[str, str] = {}
    for path in walk([folder], failed=failed):
        if (name := video_name(path)) not in names:
            continue
        other = paths.setdefault(name, path)
        if other != path:
            raise UsageError(f"{other} and {path} have one name", "keep one of them there")
    return paths


def are_several(paths: Sequence[str]) -> bool:
    """Whether these paths may stand for any number of videos but one."""
    return len(paths) != 1 or os.path.isdir(paths[0])  # noqa: PTH112 - Path's raises at long names
