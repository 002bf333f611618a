"""The page's own files, which lie in the package."""

from pathlib import Path

PAGE = Path(__file__).with_name("page")
