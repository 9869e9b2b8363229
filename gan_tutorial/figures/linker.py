"""Joins the figures' JavaScript modules into texts that run where modules cannot be imported.

The sources are plain ES modules that import each other by relative paths. A static page opened over ``file://`` loads
classic scripts only, a widget's module comes from a Blob, where a relative path leads nowhere, and the build and the
tests run one text in V8. For all three each module is wrapped once, as a function that gives back its exports; what it
imports are constants at its start, as cheap as its own. Comments that have lines to themselves stay behind.

Two forms are known, each at the start of a line: ``import { a, b as c } from "./other.js";`` and ``export`` before a
``function``, ``class`` or ``const``. Any other import or export is an error that names the line.
"""

import posixpath
import re
from functools import cache
from importlib.resources import files

from .engine import compile

COMPILED = "engine/compiled.js"
IMPORT = re.compile(r'^import \{([^}]*)\} from "(\.{1,2}/[^"]+)";$', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async )?(?:function\*?|class|const) (\w+))", re.MULTILINE)
COMMENT = re.compile(r"^ *(?://.*|/\*\*(?:[^*]|\*(?!/))*\*/)\n", re.MULTILINE)
LEFT_OVER = re.compile(r"^\s*(?:import|export)\b.*", re.MULTILINE)


def read_script(name: str) -> str:
    """The text of one of the figures' JavaScript or CSS files, named by its path from this folder.

    One is no file of the repository: ``engine/compiled.js``, see ``engine/compile.py``.
    """
    if name == COMPILED:
        return compile.script()
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def drawing_of(figure: str) -> str:
    """The module that draws the figure of that name."""
    return f"{figure.replace('-', '_')}/drawing.js"


def beside(name: str, path: str) -> str:
    """The module that the relative ``path`` means in the module ``name``."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), path))


@cache
def imports(name: str) -> dict[str, list[str]]:
    """For each module that ``name`` imports from, the names that it takes."""
    return {
        beside(name, path): [
            part.split(" as ")[0].strip() for part in names.split(",") if part.strip()
        ]
        for names, path in IMPORT.findall(read_script(name))
    }


def exports(name: str) -> list[str]:
    """The names that a module exports, in their order."""
    return EXPORT.findall(read_script(name))


def closure(*names: str) -> list[str]:
    """The modules named and all that they import, each after those that it needs."""
    ordered: list[str] = []

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            raise ValueError(f"modules import each other in a circle: {' -> '.join([*path, name])}")
        if name not in ordered:
            for other in imports(name):
                visit(other, (*path, name))
            ordered.append(name)

    for name in names:
        visit(name, ())
    return ordered


@cache
def wrapped(name: str) -> str:
    """The module as a function, handed to ``ganModules`` (modules.js)."""

    def bind(match: re.Match[str]) -> str:
        taken = match[1].replace(" as ", ": ")
        return f'const {{{taken}}} = need("{beside(name, match[2])}");'

    body = EXPORT.sub("", IMPORT.sub(bind, COMMENT.sub("", read_script(name))))
    if unknown := LEFT_OVER.search(body):
        raise ValueError(
            f"{name}: {unknown[0].strip()!r} is none of the forms in linker.py's docstring"
        )
    given = ", ".join(exports(name))
    head = f'ganModules.define("{name}", (need) => {{\n"use strict";\n'
    return f"{head}{body}\nreturn {{ {given} }};\n}});\n"


def library(*names: str) -> str:
    """The modules named and all that they need, as a text to run before ``ganModules.need`` is called."""
    return read_script("modules.js") + "".join(wrapped(each) for each in closure(*names))


def widget(drawing: str) -> str:
    """A figure's drawing as one ES module in the Anywidget Front-end Module form."""
    return (
        f'{library(drawing)}\nexport default {{ render: ganModules.need("{drawing}").render }};\n'
    )


def with_globals(*names: str) -> str:
    """The modules named as a classic script that makes their exports global: to be called from outside, one by one."""
    return library(*names) + "".join(
        f'Object.assign(globalThis, ganModules.need("{name}"));\n' for name in names
    )
