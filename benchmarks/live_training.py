"""The page's own training in Chromium against eager PyTorch: the same networks, batches, steps."""

import base64
import itertools
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import nn
from torch.nn.functional import softplus

from benchmarks.harness import compare, row
from recordings.browser import chromium

DIGITS_G, DIGITS_D, DIGITS_BATCH = [64, 256, 256, 784], [784, 256, 256, 1], 64
SIZES = ((16, 64), (32, 64), (32, 256))  # (units in each of two hidden layers, batch)
CHUNK = 200
FRAMES = 120
SETTINGS = {"k": 1, "optimizer": "adam", "log_rate_g": -3, "log_rate_d": -3, "seed": 1}


def in_chromium(browser, width, batch):
    """One training run of the live figure without its drawing; yields rounds done."""
    from gan_tutorial.figures.linker import with_globals  # a GPU's machine may have no ipywidgets

    page = browser.new_page()
    page.add_script_tag(content=with_globals("live/run.js", "live_training/trainer.js"))
    settings = {**SETTINGS, "width_g": width, "width_d": width, "batch": batch}
    page.evaluate("(settings) => { globalThis.trainer = makeTrainer(settings); }", settings)
    while True:
        page.evaluate(f"for (let i = 0; i < {CHUNK}; i++) playRound(trainer)")
        yield CHUNK


def digits_in_chromium(browser):
    """Rounds of the digits pair on the engine alone, without data or drawing; yields rounds done."""
    page = browser.new_page()
    page.add_script_tag(content=_modules("engine", "network", "players"))
    page.evaluate(
        """({ sizesG, sizesD, batch }) => {
          const engine = makeEngine(), random = makeRandom(engine, 1);
          const generator = makeNetwork(engine, sizesG, "leaky-relu", { last: "tanh" });
          const discriminator = makeNetwork(engine, sizesD, "leaky-relu");
          for (const network of [generator, discriminator]) initialize(network, random);
          const adam = { rate: 2e-4, betas: [0.5, 0.999] };
          const [memoryG, memoryD] = [generator, discriminator].map(makeMemory), game = GAMES["non-saturating"];
          const rules = { game, optimizer: "adam", batch, forG: adam, forD: adam };
          const play = makePlay({ generator, discriminator, memoryG, memoryD, ...rules });
          globalThis.round = () => {
            fillUniform(random, play.real, sizesD[0] * batch);
            fillNormal(random, play.noise, sizesG[0] * batch);
            stepDiscriminator(play);
            fillNormal(random, play.noise, sizesG[0] * batch);
            stepGenerator(play);
          };
        }""",
        {"sizesG": DIGITS_G, "sizesD": DIGITS_D, "batch": DIGITS_BATCH},
    )
    while True:
        page.evaluate("for (let i = 0; i < 5; i++) round()")
        yield 5


def figure_of_digits_in_chromium(browser):
    """The run of the figure live-digits with all that belongs to it, its measurements too; yields rounds done."""
    from gan_tutorial.figures.linker import with_globals  # a GPU's machine may have no ipywidgets
    from gan_tutorial.figures.live_digits import content

    page = browser.new_page()
    modules = ("live/run.js", "live_digits/digits.js", "live_digits/trainer.js")
    page.add_script_tag(content=with_globals(*modules))
    page.evaluate(
        """async (file) => {
          const bytes = Uint8Array.from(atob(file), (c) => c.charCodeAt(0));
          globalThis.trainer = makeTrainer({}, undefined, await unpack(bytes));
        }""",
        base64.b64encode(content()).decode(),
    )
    while True:
        page.evaluate(f"for (let i = 0; i < {CHUNK // 4}; i++) playRound(trainer)")
        yield CHUNK // 4


def figures_code_in_torch(browser):
    """The same run by the code that the page shows for it; yields rounds done. And its steps in all."""
    from gan_tutorial.figures.linker import with_globals  # a GPU's machine may have no ipywidgets

    page = browser.new_page()
    page.add_script_tag(content=with_globals("live_digits/trainer.js", "live_digits/code.js"))
    code, steps = page.evaluate("[codeOf(SETTINGS), STEPS]")
    page.close()
    names: dict = {}
    exec(code[: code.rindex("train(")], names)

    def rounds():
        while True:
            names["train"](5)
            yield 5

    return rounds(), steps


def products_in_chromium(browser, rows, columns, batch):
    """Products of a layer's forward pass on the engine, nothing else; yields thousands of millions of operations."""
    page = browser.new_page()
    page.add_script_tag(content=_modules("engine"))
    page.evaluate(
        """([rows, columns, batch]) => {
          const engine = makeEngine(), take = engine.take, line = 4 * columns;
          const [out, w, x, bias, panel] = [rows * batch, rows * columns, columns * batch, rows, line].map(take);
          const { multiply } = engine.kernels;
          globalThis.product = () => multiply(out, rows, w, line, 4, x, columns, batch, bias, panel);
        }""",
        [rows, columns, batch],
    )
    work = 2 * rows * columns * batch / 1e9
    many = max(1, round(0.5 / work))
    while True:
        page.evaluate(f"for (let i = 0; i < {many}; i++) product()")
        yield many * work


def _modules(*names):
    from gan_tutorial.figures.linker import with_globals  # a GPU's machine may have no ipywidgets

    return with_globals(*(f"engine/{name}.js" for name in names))


def operations(sizes_g, sizes_d, batch):
    """Multiplications and additions of a round's products.

    Each forward pass once, each backward pass twice, but for the gradient in an input that nobody asks for.
    """
    (first_g, *rest_g), (first_d, *rest_d) = (
        [2 * m * n * batch for m, n in itertools.pairwise(sizes)] for sizes in (sizes_g, sizes_d)
    )
    g, d = first_g + sum(rest_g), first_d + sum(rest_d)
    step_d = g + 2 * (3 * d - first_d)  # on two batches
    return step_d + (3 * g - first_g) + 2 * d  # G's step through D


def mlp(sizes, hidden=nn.Tanh, last=None):
    """The networks of the page: 1 - width - width - 1 with tanh in the figure."""
    layers = [part for m, n in itertools.pairwise(sizes) for part in (nn.Linear(m, n), hidden())]
    return nn.Sequential(*layers[:-1], *([last] if last else []))


def in_torch(generator, discriminator, draw, noise, batch, rate):
    """The same rounds in plain eager PyTorch (float32, its default); yields rounds done."""
    rng = torch.Generator().manual_seed(1)
    step_g = torch.optim.Adam(generator.parameters(), lr=rate, betas=(0.5, 0.999))
    step_d = torch.optim.Adam(discriminator.parameters(), lr=rate, betas=(0.5, 0.999))
    while True:
        real = draw(rng)
        fake = generator(torch.randn(batch, noise, generator=rng)).detach()
        step_d.zero_grad()
        (softplus(-discriminator(real)).mean() + softplus(discriminator(fake)).mean()).backward()
        step_d.step()
        step_g.zero_grad()
        fake = generator(torch.randn(batch, noise, generator=rng))
        softplus(-discriminator(fake)).mean().backward()
        step_g.step()
        yield 1


def bells_in_torch(width, batch):
    """The figure's game: two bells, one number."""
    centers = torch.tensor([-1.5, 1.5])

    def draw(rng):
        which = torch.randint(2, (batch, 1), generator=rng)
        return centers[which] + 0.5 * torch.randn(batch, 1, generator=rng)

    sizes = [1, width, width, 1]
    return in_torch(mlp(sizes), mlp(sizes), draw, 1, batch, 1e-3)


def digits_in_torch():
    """The digits pair, on noise in the place of digits: what is drawn does not change the time."""
    leaky = lambda: nn.LeakyReLU(0.2)  # noqa: E731
    generator, discriminator = mlp(DIGITS_G, leaky, nn.Tanh()), mlp(DIGITS_D, leaky)
    draw = lambda rng: torch.rand(DIGITS_BATCH, DIGITS_D[0], generator=rng)  # noqa: E731
    return in_torch(generator, discriminator, draw, DIGITS_G[0], DIGITS_BATCH, 2e-4)


def live_training(seconds, device):
    """Rounds (one step of D, one of G) per second, in turns, on one thread of the CPU each; how near products come."""
    threads, rows = torch.get_num_threads(), []
    torch.set_num_threads(1)
    try:
        with chromium() as browser:
            for width, batch in SIZES:
                contenders = {
                    "page": in_chromium(browser, width, batch),
                    "torch": bells_in_torch(width, batch),
                    "product": products_in_chromium(browser, width, width, batch),
                }
                sizes = [1, width, width, 1]
                case = f"GAN in the page, 2 layers of {width}, batch {batch}"
                work = operations(sizes, sizes, batch)
                rows += _turns(browser, contenders, seconds / (len(SIZES) + 1), case, work)
            contenders = {
                "page": digits_in_chromium(browser),
                "torch": digits_in_torch(),
                "product": products_in_chromium(browser, 256, 256, DIGITS_BATCH),
            }
            work = operations(DIGITS_G, DIGITS_D, DIGITS_BATCH)
            case = f"digits pair in the page, batch {DIGITS_BATCH}"
            rows += _turns(browser, contenders, seconds / (len(SIZES) + 1), case, work)
    finally:
        torch.set_num_threads(threads)
    return rows


def _turns(browser, contenders, seconds, case, work):
    """A row of rounds/s beside PyTorch's, and one of the share of the products' own rate that is reached."""
    rates = compare(contenders, seconds, "cpu")
    gflops = {name: rates[name] * work / 1e9 for name in ("page", "torch")}
    extra = {"chromium": browser.version, "seed": 1, "precision": "float32"}
    extra |= {f"{name}_gflops": round(value, 2) for name, value in gflops.items()}
    share = {"chromium": browser.version, "seed": 1, "precision": "float32"}
    products = rates["product"]
    return [
        row(case, "rounds/s", rates["page"], rates["torch"], "eager PyTorch", **extra),
        row(case, "GFLOP/s", gflops["page"], products, "the engine's product alone", **share),
    ]


def live_digits(seconds, device):
    """Rounds per second of the figure that learns digits, against its own code in PyTorch; a usual run's seconds."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with chromium() as browser:
            eager, steps = figures_code_in_torch(browser)
            pair = {"page": figure_of_digits_in_chromium(browser), "torch": eager}
            rates = compare(pair, seconds, "cpu")
            extra = {"chromium": browser.version, "seed": 1, "precision": "float32"}
    finally:
        torch.set_num_threads(threads)
    extra |= {"steps": steps, "seconds": round(steps / rates["page"], 1)}
    case = "figure live-digits, its whole run"
    return [row(case, "rounds/s", rates["page"], rates["torch"], "eager PyTorch", **extra)]


def frames(browser, path, content=""):
    """Frames that a page opened from the disk shows once it is under way; yields how many.

    A page without an address could start no worker.
    """
    path.write_text(f"<!doctype html><meta charset='utf-8'>{content}", encoding="utf-8")
    page = browser.new_page()
    page.goto(path.as_uri())
    page.wait_for_timeout(2000)
    while True:
        page.evaluate(
            """(frames) => new Promise((done) => {
              let left = frames;
              const tick = () => (left-- ? requestAnimationFrame(tick) : done());
              tick();
            })""",
            FRAMES,
        )
        yield FRAMES


def playing(figure):
    """A page's content: the figure, playing."""
    from gan_tutorial.figures.linker import read_script

    state = f"const state = {json.dumps(figure(playing=True).state())};"
    for name in figure.files:  # as Python would bring it
        content = base64.b64encode(figure.file(name)).decode()
        state += f'state._digits = Uint8Array.from(atob("{content}"), (c) => c.charCodeAt(0));'
    start = f"{state} figure.render({{ model: new ganFigures.Model(state), el: document.body }});"
    module = figure._esm.replace("export default", "const figure =")
    return (
        f"<style>{figure._css}</style><script>{read_script('host.js')}</script>"
        f'<script type="module">{module}{start}</script>'
    )


def live_frames(seconds, device):
    """Frames per second while a figure trains at full speed, against an empty page."""
    from gan_tutorial.figures import LiveDigits, LivePlane, LiveTraining

    rows = []
    for figure in (LiveTraining, LivePlane, LiveDigits):
        with chromium() as browser, TemporaryDirectory() as folder:  # what played before is gone
            empty, alive = (Path(folder, f"{name}.html") for name in ("empty", "alive"))
            pages = {
                "figure": frames(browser, alive, playing(figure)),
                "empty": frames(browser, empty),
            }
            rates = compare(pages, seconds / 2, "cpu")
            extra = {"chromium": browser.version, "seed": 1}
        numbers = (rates["figure"], rates["empty"])
        case = f"figure {figure.name} at full speed"
        rows.append(row(case, "frames/s", *numbers, "an empty page", **extra))
    return rows


BENCHMARKS = {
    "live_training": live_training,
    "live_digits": live_digits,
    "live_frames": live_frames,
}
