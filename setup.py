"""Compiles the figures' training engine when the package is built: no compiled file is in the repository."""

import runpy
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ENGINE = Path("gan_tutorial", "figures", "engine")


class BuildWithEngine(build_py):
    """Writes the engine beside its source: in what is built, or in the checkout of an editable installation."""

    def run(self):
        super().run()
        text = runpy.run_path(str(ENGINE / "compile.py"))["script"]()
        root = Path() if self.editable_mode else Path(self.build_lib)
        (root / ENGINE / "compiled.js").write_text(text, encoding="utf-8")


setup(cmdclass={"build_py": BuildWithEngine})
