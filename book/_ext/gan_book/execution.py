"""Runs the notebooks that are not in the cache side by side; MyST-NB would run them one after another.

A run that fails is not kept, so that MyST-NB comes to the notebook itself and reports what went wrong.
"""

import os
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.executors.utils import single_nb_execution
from sphinx.util import logging

from .freshness import cache_folder

logger = logging.getLogger(__name__)


def missing_runs(app, cache, docnames) -> dict[Path, nbformat.NotebookNode]:
    found = {}
    for docname in docnames:
        path = Path(app.env.doc2path(docname))
        if path.suffix != ".ipynb":
            continue
        notebook = nbformat.read(path, as_version=4)
        try:
            cache.match_cache_notebook(notebook)
        except KeyError:
            found[path] = notebook
    return found


def longest_first(missing):
    """In the order of the seconds that notebooks say they take: so no worker is left alone with a
    long one at the end.
    """

    def takes(item):
        return item[1].metadata.get("gan_tutorial", {}).get("budget_seconds", 0)

    return dict(sorted(missing.items(), key=takes, reverse=True))


def run_side_by_side(app, env, docnames):
    if app.config.nb_execution_mode != "cache":
        return
    cache = get_cache(cache_folder(app, app.config))
    missing = missing_runs(app, cache, docnames)
    cores = os.cpu_count() or 1
    workers = min(4, cores, len(missing))
    if workers < 2:
        return
    before = os.environ.get("OMP_NUM_THREADS")
    threads = cores // workers  # of each kernel: together they fill the machine once
    os.environ["OMP_NUM_THREADS"] = str(threads)
    options = {"allow_errors": False, "timeout": app.config.nb_execution_timeout}
    try:
        with ThreadPoolExecutor(workers) as pool:
            runs = {
                pool.submit(single_nb_execution, notebook, cwd=str(path.parent), **options): path
                for path, notebook in longest_first(missing).items()
            }
            for run in as_completed(runs):
                keep(cache, runs[run], run.result())
    finally:
        del os.environ["OMP_NUM_THREADS"]
        if before is not None:
            os.environ["OMP_NUM_THREADS"] = before


def keep(cache, path, result):
    if result.err is not None:
        return
    record = cache.add_nb_to_project(str(path))
    bundle = CacheBundleIn(result.nb, record.uri, data={"execution_seconds": result.time})
    cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
    logger.info(f"{path.name}: {result.time:.1f} s")


def setup(app):
    app.connect("env-before-read-docs", run_side_by_side)
