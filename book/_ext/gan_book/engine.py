"""One JavaScript engine (V8, through mini-racer) for the length of a build."""

from pathlib import Path

from py_mini_racer import MiniRacer

HERE = Path(__file__).parent


class Engine:
    """A V8 context that is opened at first use and must be closed: left open, it can hang the interpreter's exit."""

    def __init__(self):
        self.context = None

    def evaluate(self, source: str):
        if self.context is None:
            self.context = MiniRacer()
        return self.context.eval(source)

    def close(self):
        if self.context is not None:
            self.context.close()
            self.context = None


def setup(app):
    app.gan_engine = Engine()
    app.connect("build-finished", lambda app, exception: app.gan_engine.close())
