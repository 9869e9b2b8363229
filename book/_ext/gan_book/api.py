"""What autodoc leaves to be said better on the API page.

The fields of dataclasses and named tuples are described once, in the docstring's `Attributes`, with their types and
their defaults as the source has them.
"""

import ast
import dataclasses
import inspect
import re
import textwrap

from docutils import nodes
from sphinx.domains.python import PyObject

FIELD_TYPE = re.compile(r":vartype (\w+): ")


def written_fields(cls) -> list[ast.AnnAssign]:
    """The annotated names in a class's own body."""
    body = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0].body
    return [node for node in body if isinstance(node, ast.AnnAssign)]


def written_default(node: ast.AnnAssign) -> str:
    """`=default`; nothing where there is none. A field's factory is shown as its call."""
    if node.value is None:
        return ""
    if isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "field":
        options = {option.arg: ast.unparse(option.value) for option in node.value.keywords}
        return f"={options.get('default') or options['default_factory'] + '()'}"
    return f"={ast.unparse(node.value)}"


def signature_as_written(app, what, name, obj, options, signature, result):
    if what != "class" or not dataclasses.is_dataclass(obj):
        return None
    fields = (f"{node.target.id}{written_default(node)}" for node in written_fields(obj))
    return f"({', '.join(fields)})", result


def types_as_written(app, what, name, obj, options, lines):
    """Napoleon spells the types of attributes out in full, with every module on the way."""
    if what != "class":
        return
    found = {i: match for i, line in enumerate(lines) if (match := FIELD_TYPE.match(line))}
    types = {f.target.id: ast.unparse(f.annotation) for f in written_fields(obj)} if found else {}
    for i, match in found.items():
        lines[i] = match[0] + types[match[1]]


def skip_fields(app, what, name, obj, skip, options):
    """A named tuple's field, or a dataclass's default that happens to be a function, is no member of its own."""
    if what != "class":
        return None
    in_tuple = type(obj).__name__ == "_tuplegetter"
    default = inspect.isfunction(obj) and "." not in obj.__qualname__
    return True if in_tuple or default else None


def whole_sentences(app, what, name, obj, options, lines):
    """Keep napoleon from taking what stands before the first colon of a constant's sentence for its type."""
    if what in ("data", "attribute", "property"):
        lines[:0] = ["..", ""]


def type_beside_value(app, domain, objtype, content):
    """The type of what is returned stands beside what is said of it, before the errors."""
    for fields in content.findall(nodes.field_list):
        places = {field[0].astext(): field for field in fields.children}
        if "rtype" in places and "returns" in places:
            fields.remove(places["rtype"])
            fields.insert(fields.index(places["returns"]) + 1, places["rtype"])


def setup(app):
    next(
        field for field in PyObject.doc_field_types if field.name == "variable"
    ).label = "Attributes"
    app.connect("autodoc-process-signature", signature_as_written)
    app.connect("autodoc-process-docstring", types_as_written, priority=900)
    app.connect("autodoc-process-docstring", whole_sentences, priority=100)
    app.connect("autodoc-skip-member", skip_fields)
    app.connect("object-description-transform", type_beside_value, priority=900)
