"""What a process that reads an untrusted file may take: it caps itself, and the kernel holds it."""

import resource
from collections.abc import Mapping


def confine(caps: Mapping[int, int]) -> None:
    """Cap this process for good, by `resource.RLIMIT_…`; never above what it is allowed already."""
    for kind, cap in caps.items():
        hard = resource.getrlimit(kind)[1]
        cap = cap if hard == resource.RLIM_INFINITY else min(cap, hard)
        resource.setrlimit(kind, (cap, cap))
