"""A figure's picture without a browser: its own drawing, run in V8, writes its marks out as HTML and SVG.

The book's build puts such pictures into its pages, and a figure puts one into a notebook's saved output, for viewers
that run no JavaScript. V8 comes with the package ``mini-racer``; where that is missing, there is no picture.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from typing import Any

from .linker import drawing_of, library, read_script

# Around the picture in a notebook's output: a page that draws its own knows what to take away.
BEGIN, END = "<!-- still -->", "<!-- /still -->"


def sources(*figures: str) -> str:
    """What an engine has to run, once, before `expression` is evaluated for one of the figures named."""
    drawings = library(*(drawing_of(name) for name in figures))
    return read_script("dom.js") + drawings + read_script("host.js")


def expression(name: str, state: Mapping[str, Any], part: str = "") -> str:
    """JavaScript whose value is the HTML inside the figure's root, drawn in the given state, or of the
    part of it that has the class.
    """
    return f"pictureOf({', '.join(json.dumps(argument) for argument in (name, state, part))})"


def still(name: str, state: Mapping[str, Any]) -> str | None:
    """The picture with the style that it needs, or None where there is no V8.

    A picture that cannot be drawn is warned of: the figure itself does without.
    """
    try:
        from py_mini_racer import MiniRacer
    except ImportError:
        return None
    try:
        with MiniRacer() as engine:  # left open, it can hang the interpreter's exit
            engine.eval(sources(name))
            picture = engine.eval(expression(name, state))
    except Exception as error:
        warnings.warn(
            f"the figure {name!r} is saved without a still picture: {type(error).__name__}: {error}",
            stacklevel=2,
        )
        return None
    return f"{BEGIN}<style>{read_script('kit/kit.css')}</style>{picture}{END}"
