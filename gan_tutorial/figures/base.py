"""What every interactive figure shares on the Python side.

A figure is an anywidget: its synced traits are its whole state. In JupyterLab, Colab and Binder it is a live widget;
in the built book the same state is written into the page and a small host runs the same JavaScript without a kernel.
"""

from __future__ import annotations

import html
import json
import sys
from importlib.resources import files
from typing import Any, ClassVar

import anywidget
import traitlets

from .linker import drawing_of, read_script, widget
from .stills import still

NO_STILL = (
    "(It moves where its notebook runs; a still picture of it needs: pip install mini-racer.)"
)


def slider(value: float, low: float, high: float, step: float, help: str) -> traitlets.Float:
    """A number the reader moves: a synced trait held to ``[low, high]``, in steps of ``step``."""
    return traitlets.Float(value, min=low, max=high, help=help).tag(sync=True, step=step)


def choice(value: str, options: tuple[str, ...], help: str) -> traitlets.Enum:
    """One of a few named options, as a synced trait."""
    return traitlets.Enum(options, value, help=help).tag(sync=True)


class Drawable(traitlets.HasTraits):
    """A figure whose curve the reader may draw before it is shown: `predict=True` asks for it (kit/sketch.js)."""

    predict = traitlets.Bool(False, help="keep the curve back until the reader has drawn it").tag(
        sync=True
    )
    drawn = traitlets.List(
        traitlets.Float(), help="heights of the reader's line; empty before there is one"
    ).tag(sync=True)
    compared = traitlets.Bool(False, help="whether the curve is shown over the reader's line").tag(
        sync=True
    )


class Figure(anywidget.AnyWidget):
    """Base of all figures.

    A subclass has a folder of its own and names itself::

        class Saturation(Figure):
            name = "saturation"               # [data-figure="saturation"], saturation/drawing.js
            title = "…"                       # what the figure is, for a screen reader and a caption
            probability = slider(0.1, 0.01, 0.99, 0.01, "D(G(z))")

    Its drawing is ``drawing.js`` in that folder, beside this class. The linker joins it with all that it imports.

    A saved notebook carries a still picture of each figure, in the state in which it was shown. ``nbconvert --execute``
    also keeps the widgets' state, and then prefers the live widget, which needs JavaScript and a CDN; with
    ``--ExecutePreprocessor.store_widget_state=False`` it shows the picture.

    Setting a trait outside its bounds raises ``traitlets.TraitError``, which names the trait, the value and the bound.
    """

    name: ClassVar[str] = ""
    title: ClassVar[str] = ""
    files: ClassVar[tuple[str, ...]] = ()
    """Files that a page brings when the figure comes into view, and a widget with its traits."""
    patterns: ClassVar[dict[str, str]] = {}
    """What else of the state an address may hold: traits without bounds and options, and the form of their text."""

    _name = traitlets.Unicode().tag(sync=True)
    _title = traitlets.Unicode().tag(sync=True)
    _bounds = traitlets.Dict().tag(sync=True)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        if "name" in cls.__dict__:  # traitlets derives further classes of its own
            cls._esm = widget(drawing_of(cls.name))
            cls._css = read_script("kit/kit.css")
        super().__init_subclass__(**kwargs)

    def __init__(self, **traits: Any) -> None:
        unknown = sorted(set(traits) - set(self.class_trait_names()))
        if unknown:
            raise ValueError(
                f"{type(self).__name__} has no trait {unknown[0]!r}; "
                f"allowed: {', '.join(self.settings())}"
            )
        super().__init__(_name=self.name, _title=self.title, _bounds=self.bounds(), **traits)

    @classmethod
    def settings(cls) -> list[str]:
        """The names of the traits that make up the figure's state."""
        inherited = set(anywidget.AnyWidget.class_trait_names())
        return [n for n in cls.class_trait_names(sync=True) if n not in inherited and n[0] != "_"]

    @classmethod
    def bounds(cls) -> dict[str, dict[str, float]]:
        """For each slider its smallest value, largest value and step."""
        return {
            name: {"min": trait.min, "max": trait.max, "step": trait.metadata["step"]}
            for name, trait in cls.class_traits(sync=True).items()
            if "step" in trait.metadata
        }

    @classmethod
    def choices(cls) -> dict[str, list[str]]:
        """For each choice its options."""
        traits = cls.class_traits(sync=True).items()
        return {
            name: list(trait.values or ())
            for name, trait in traits
            if isinstance(trait, traitlets.Enum)
        }

    @classmethod
    def file(cls, name: str) -> bytes:
        """The content of one of the figure's files: a record, unless the figure makes it."""
        return (files("gan_tutorial") / "recorded" / name).read_bytes()

    def state(self) -> dict:
        """Everything the drawing reads and an address may say, as JSON-ready values."""
        names = ["_name", "_title", "_bounds", *self.settings()]
        address = {"_choices": self.choices(), "_patterns": self.patterns}
        return {**{name: getattr(self, name) for name in names}, **address}

    def to_html(self, inside: str = "") -> str:
        """The figure as a place in a static page: a root with its state in it, empty but for what is put ``inside``.

        The book's build adds the picture of the first state and the scripts (``book/_ext``).
        """
        state = json.dumps(self.state(), separators=(",", ":")).replace("</", "<\\/")
        return (
            f'<div class="gan-figure" data-figure="{self.name}" role="group" '
            f'aria-label="{html.escape(self.title)}">{inside}'
            f'<script type="application/json">{state}</script></div>'
        )

    if (
        "google.colab" not in sys.modules
    ):  # which of an output's kinds Colab shows is not known here
        _ipython_display_ = None  # of ipywidgets 7, which would leave the bundle below unused

    def _view(self, **_: Any) -> dict[str, Any]:
        model = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        return {"application/vnd.jupyter.widget-view+json": model}

    def in_words(self) -> str:
        """What the figure shows and its settings, for a place that cannot show it."""
        drawing = () if getattr(self, "predict", False) else Drawable.class_trait_names()
        names = [name for name in self.settings() if name not in drawing]
        values = {name: getattr(self, name) for name in names}
        plain = [f"{k}={v!r}" for k, v in values.items() if isinstance(v, bool | int | float | str)]
        return f"{type(self).__name__}({', '.join(plain)}): {self.title}"

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The live widget; for a viewer that runs no JavaScript a still picture, or words where there is no V8 to draw
        it; and words where only text is shown.
        """
        live = getattr(super(), "_repr_mimebundle_", self._view)  # which ipywidgets 7 has not
        bundle = live(**kwargs)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        words = self.in_words()
        inside = still(self.name, self.state()) or f"<p>{html.escape(f'{words} {NO_STILL}')}</p>"
        own = {"text/plain": words, "text/html": self.to_html(inside)}
        return {**(data or {}), **own}, metadata
