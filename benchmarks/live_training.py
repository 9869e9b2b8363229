"""The page's own training in Chromium against eager PyTorch: the same networks, batches, steps."""

import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import nn
from torch.nn.functional import softplus

from benchmarks.harness import compare, row

SIZES = ((16, 64), (32, 64), (32, 256))  # (units in each of two hidden layers, batch)
FINDER = Path(__file__).parents[1] / "scripts" / "find-chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
CHUNK = 200
SETTINGS = {"k": 1, "optimizer": "adam", "log_rate_g": -3, "log_rate_d": -3, "seed": 1}


def in_chromium(browser, width, batch):
    """One training run of the live figure without its drawing; yields rounds done."""
    from gan_tutorial.figures.linker import with_globals  # a GPU's machine may have no ipywidgets

    page = browser.new_page()
    page.add_script_tag(content=with_globals("live_training/trainer.js"))
    settings = {**SETTINGS, "width_g": width, "width_d": width, "batch": batch}
    page.evaluate("(settings) => { globalThis.trainer = makeTrainer(settings); }", settings)
    while True:
        page.evaluate(f"for (let i = 0; i < {CHUNK}; i++) playRound(trainer)")
        yield CHUNK


def mlp(width):
    """1 - width - width - 1 with tanh, as in the figure."""
    layers = nn.Linear(1, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 1)
    return nn.Sequential(*layers)


def in_torch(width, batch):
    """The same rounds in plain eager PyTorch (float32, its default); yields rounds done."""
    rng = torch.Generator().manual_seed(1)
    generator, discriminator = mlp(width), mlp(width)
    step_g = torch.optim.Adam(generator.parameters(), lr=1e-3, betas=(0.5, 0.999))
    step_d = torch.optim.Adam(discriminator.parameters(), lr=1e-3, betas=(0.5, 0.999))
    centers = torch.tensor([-1.5, 1.5])
    while True:
        which = torch.randint(2, (batch, 1), generator=rng)
        real = centers[which] + 0.5 * torch.randn(batch, 1, generator=rng)
        fake = generator(torch.randn(batch, 1, generator=rng)).detach()
        step_d.zero_grad()
        (softplus(-discriminator(real)).mean() + softplus(discriminator(fake)).mean()).backward()
        step_d.step()
        step_g.zero_grad()
        fake = generator(torch.randn(batch, 1, generator=rng))
        softplus(-discriminator(fake)).mean().backward()
        step_g.step()
        yield 1


@contextmanager
def chromium():
    """The browser that the tests use, too."""
    from playwright.sync_api import sync_playwright

    finder = [str(FINDER), sys.executable]
    path = subprocess.run(finder, capture_output=True, text=True, check=True).stdout.strip()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


def live_training(seconds, device):
    """Rounds (one step of D, one of G) per second, in turns, on one thread of the CPU each."""
    threads, rows = torch.get_num_threads(), []
    torch.set_num_threads(1)
    try:
        with chromium() as browser:
            for width, batch in SIZES:
                contenders = {
                    "page": in_chromium(browser, width, batch),
                    "torch": in_torch(width, batch),
                }
                rates = compare(contenders, seconds / len(SIZES), "cpu")
                case = f"GAN in the page, 2 layers of {width}, batch {batch}"
                extra = {"chromium": browser.version, "seed": 1, "precision": "float64 vs float32"}
                rows.append(
                    row(case, "rounds/s", rates["page"], rates["torch"], "eager PyTorch", **extra)
                )
    finally:
        torch.set_num_threads(threads)
    return rows


def frames(browser, content=""):
    """Frames that a page shows; yields how many."""
    page = browser.new_page()
    page.set_content(f"<!doctype html><meta charset='utf-8'>{content}")
    while True:
        page.evaluate(
            """() => new Promise((done) => {
              let left = 20;
              const tick = () => (--left ? requestAnimationFrame(tick) : done());
              requestAnimationFrame(tick);
            })"""
        )
        yield 20


def live_frames(seconds, device):
    """Frames per second while the figure trains at full speed, against an empty page."""
    from gan_tutorial.figures import LiveTraining
    from gan_tutorial.figures.linker import read_script

    figure = LiveTraining(playing=True)
    state = json.dumps(figure.state())
    start = f"figure.render({{ model: new ganFigures.Model({state}), el: document.body }});"
    module = LiveTraining._esm.replace("export default", "const figure =")
    content = (
        f"<style>{LiveTraining._css}</style><script>{read_script('host.js')}</script>"
        f'<script type="module">{module}{start}</script>'
    )
    with chromium() as browser:
        pages = {"figure": frames(browser, content), "empty": frames(browser)}
        rates = compare(pages, seconds, "cpu")
        extra = {"chromium": browser.version, "seed": 1}
    case = "figure live-training at full speed"
    return [row(case, "frames/s", rates["figure"], rates["empty"], "an empty page", **extra)]


BENCHMARKS = {"live_training": live_training, "live_frames": live_frames}
