"""Find when things happen in a video, with Qwen3-VL."""

__version__ = "0.1.0"
