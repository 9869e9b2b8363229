"""``{api} gan_tutorial.divergences``: a module's public names with signature and docstring, as the source has them.

The package's docstrings are plain text set in columns, so they are shown as they are written.
"""

import importlib
import inspect
import re

from docutils import nodes
from docutils.parsers.rst import Directive

QUOTES = "'\""
STARS = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}


def public_names(module) -> list[str]:
    """The functions and classes that the module offers, in the order of its source."""
    names = getattr(module, "__all__", None) or [
        name for name in vars(module) if not name.startswith("_")
    ]
    values = {name: getattr(module, name) for name in names}
    own = [
        name
        for name, value in values.items()
        if (inspect.isfunction(value) or inspect.isclass(value))
        and value.__module__ == module.__name__
    ]
    return sorted(own, key=lambda name: inspect.getsourcelines(values[name])[1])


def signature(name: str, value) -> str:
    """The call as a reader would write it: types without quotes, one parameter a line where there are many."""
    call = inspect.signature(value)
    shown = [show_parameter(parameter) for parameter in call.parameters.values()]
    kinds = [parameter.kind for parameter in call.parameters.values()]
    if inspect.Parameter.KEYWORD_ONLY in kinds:
        shown.insert(kinds.index(inspect.Parameter.KEYWORD_ONLY), "*")
    one_line = f"{name}({', '.join(shown)})"
    return one_line if len(one_line) <= 88 else f"{name}(\n    " + ",\n    ".join(shown) + ",\n)"


def show_parameter(parameter) -> str:
    typed = parameter.annotation is not parameter.empty
    kind = f": {show_type(parameter.annotation)}" if typed else ""
    if parameter.default is parameter.empty:
        return f"{STARS.get(parameter.kind, '')}{parameter.name}{kind}"
    default = parameter.default
    named = getattr(default, "__name__", repr(default))
    return f"{parameter.name}{kind} = {'…' if '<' in named else named}"


def show_type(annotation) -> str:
    """The type as the source names it, whether Python kept a class, a forward reference or text."""
    if isinstance(annotation, type):
        return annotation.__name__
    text = getattr(annotation, "__forward_arg__", str(annotation))
    return re.sub(
        r"torch\.(?=Tensor)|collections\.abc\.|gan_tutorial\.[a-z_.]*(?=[A-Z])",
        "",
        text.strip(QUOTES),
    )


class ApiDirective(Directive):
    required_arguments = 1

    def run(self):
        module = importlib.import_module(self.arguments[0])
        shown = [self.literal(inspect.getdoc(module))]
        for name in public_names(module):
            value = getattr(module, name)
            entry = nodes.section(ids=[f"{module.__name__}.{name}"], names=[])
            entry += nodes.title("", "", nodes.literal("", name))
            entry += nodes.literal_block("", signature(name, value), language="text")
            entry += self.literal(inspect.getdoc(value))
            shown.append(entry)
        return shown

    def literal(self, text: str | None) -> nodes.literal_block:
        return nodes.literal_block("", text or "", language="text", classes=["docstring"])


def setup(app):
    app.add_directive("api", ApiDirective)
