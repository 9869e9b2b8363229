"""The browser that records and benchmarks of the page's own training run in: the one that the tests use, too."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FINDER = Path(__file__).parents[1] / "scripts" / "find-chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@contextmanager
def chromium() -> Iterator[Any]:
    """Playwright's Chromium, without a window, closed at the end."""
    from playwright.sync_api import sync_playwright  # a GPU's machine may have none

    finder = [str(FINDER), sys.executable]
    path = subprocess.run(finder, capture_output=True, text=True, check=True).stdout.strip()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()
