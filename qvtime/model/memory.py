"""Running out of memory, said in one sentence."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from qvtime.errors import OutOfMemory


@contextmanager
def out_of_memory_is(message: str, hint: str) -> Iterator[None]:
    """Within it, a lack of memory (of the GPU, of this machine) raises OutOfMemory(message)."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise OutOfMemory(message, hint) from error
    except RuntimeError as error:
        # The CPU allocator of torch raises a plain RuntimeError.
        if "DefaultCPUAllocator" not in str(error):
            raise
        raise OutOfMemory(message, hint) from error
