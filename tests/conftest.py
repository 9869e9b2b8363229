"""What several test files share: a JavaScript engine, the built book, a browser."""

import json
from contextlib import contextmanager

import pytest
from py_mini_racer import MiniRacer


class JavaScript:
    """The figures' pure scripts in V8; ``call("name", 1, [2])`` gives back JSON-ready values."""

    def __init__(self, context):
        self.context = context

    def load(self, source: str):
        self.context.eval(source)

    def evaluate(self, expression: str):
        return json.loads(self.context.eval(f"JSON.stringify({expression})"))

    def call(self, function: str, *arguments):
        return self.evaluate(f"{function}({', '.join(json.dumps(a) for a in arguments)})")


@contextmanager
def open_javascript(*scripts: str):
    from gan_tutorial.figures.base import read_script

    with MiniRacer() as context:  # left open, it can hang the interpreter's exit
        engine = JavaScript(context)
        for script in scripts:
            engine.load(read_script(script))
        yield engine


@pytest.fixture(scope="module")
def javascript(request):
    """An engine with the scripts named in the test module's ``SCRIPTS``."""
    with open_javascript(*request.module.SCRIPTS) as engine:
        yield engine
