"""What holds for every test: no hub, and GPU tests that cannot pass by being skipped."""

import os
import signal

import pytest
from hypothesis import settings

settings.register_profile("qvtime", parent=settings(), deadline=None)  # machines may be busy
settings.load_profile("qvtime")

os.environ.setdefault("OMP_NUM_THREADS", "1")  # the models are small, the machines busy
os.environ["HF_HUB_OFFLINE"] = "1"  # read when huggingface_hub is imported
# A shell that starts the tests in the background has them, and all they start, ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
for name in [name for name in os.environ if name.startswith("QVTIME_")]:
    if not name.startswith("QVTIME_REQUIRE_"):
        del os.environ[name]


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("gpu") is None:
        return
    import torch

    if not torch.cuda.is_available():
        if os.environ.get("QVTIME_REQUIRE_GPU"):
            pytest.fail("there is no CUDA device, and QVTIME_REQUIRE_GPU is set")
        pytest.skip("there is no CUDA device")
