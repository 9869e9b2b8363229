"""``{api} gan_tutorial.divergences``: a module's public names with signature and docstring, as the source has them.

The package's docstrings are plain text set in columns, so they are shown as they are written.
"""

import importlib
import inspect

from docutils import nodes
from docutils.parsers.rst import Directive

QUOTES = "'\""


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
    kind = (
        ""
        if parameter.annotation is parameter.empty
        else f": {str(parameter.annotation).strip(QUOTES)}"
    )
    if parameter.default is parameter.empty:
        return f"{parameter.name}{kind}"
    default = parameter.default
    named = getattr(default, "__name__", repr(default))
    return f"{parameter.name}{kind} = {'…' if '<' in named else named}"


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
