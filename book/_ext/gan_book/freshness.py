"""Executed notebooks are cached by their text; this drops the cache when what they import has changed.

The fingerprint covers every file of the package. It is kept beside the cached runs, and in Sphinx's environment for
the pages made of them.
"""

import hashlib
import shutil
from pathlib import Path

import gan_tutorial

MARK = "gan_tutorial.sha256"


def fingerprint(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix != ".pyc"):
        digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def cache_folder(app, config) -> Path:
    return Path(config.nb_execution_cache_path or Path(app.outdir).parent / ".jupyter_cache")


def drop_stale_runs(app, config):
    app.gan_fingerprint = fingerprint(Path(gan_tutorial.__file__).parent)
    cache = cache_folder(app, config)
    mark = cache / MARK
    if mark.is_file() and mark.read_text() == app.gan_fingerprint:
        return
    shutil.rmtree(cache, ignore_errors=True)
    cache.mkdir(parents=True)
    mark.write_text(app.gan_fingerprint)


def outdated_pages(app, env, added, changed, removed):
    if getattr(env, "gan_fingerprint", None) == app.gan_fingerprint:
        return []
    env.gan_fingerprint = app.gan_fingerprint
    return list(env.found_docs)


def setup(app):
    app.connect("config-inited", drop_stale_runs, priority=900)
    app.connect("env-get-outdated", outdated_pages)
