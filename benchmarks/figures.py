"""How long a figure takes from the slider's event to the frame that shows it, against the usual way in a notebook.

Ours is timed in headless Chromium on the built book, after a second of play: inside an animation frame a slider is
moved and the clock stops at the first task after that frame's style, layout and paint. The usual way is timed from a
client of a real kernel: it sends what a slider of `ipywidgets.interact` sends when it is moved, the kernel draws the
same curves with matplotlib, and the clock stops when the picture has come back. A browser would still have to decode
and show it, which is not counted.
"""

import os
import time
from pathlib import Path
from statistics import median

from benchmarks import harness

WARM = 60  # updates before the first that counts: a second of play
HTML = Path(__file__).parents[1] / "_build" / "html"
FIND = """
async (name) => {
  const figure = document.querySelector(`[data-figure="${name}"]`);
  figure.scrollIntoView({ block: "center", behavior: "instant" });
  await new Promise((resolve) => setTimeout(resolve, 300));
}
"""
MOVE = """
async ([name, count]) => {
  const slider = document.querySelector(`[data-figure="${name}"] input[type=range]:not([name=drawn])`);
  if (!slider) return null;
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const painted = () => new Promise((resolve) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = resolve;
    channel.port2.postMessage(0);
  });
  const [low, high, step] = ["min", "max", "step"].map((key) => Number(slider[key]));
  const times = [];
  for (let i = 0; i < count; i++) {
    await frame();
    const start = performance.now();
    slider.value = low + step * Math.round((((i * 37) % 101) / 101) * ((high - low) / step));
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    await painted();
    times.push(performance.now() - start);
  }
  return times;
}
"""


def percentile(times, share):
    return sorted(times)[min(len(times) - 1, int(share * len(times)))]


def pages_with_figures():
    """The first built page on which each figure stands."""
    from gan_tutorial import figures

    pages = {}
    for name in [getattr(figures, each).name for each in figures.__all__]:
        for path in sorted(HTML.glob("*.html")):
            if f'data-figure="{name}"' in path.read_text(encoding="utf-8"):
                pages.setdefault(name, path)
    return pages


def time_figures(count):
    """For each figure of the built book, in ms: `count` moves of its first slider, and the time until it was ready."""
    from playwright.sync_api import sync_playwright

    found = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        for name, path in pages_with_figures().items():
            page = browser.new_page()
            page.goto(path.as_uri())
            page.wait_for_selector(f'[data-figure="{name}"][data-ready]', state="attached")
            ready = page.evaluate("performance.now()")
            page.evaluate(FIND, name)
            page.evaluate(MOVE, [name, WARM])
            times = page.evaluate(MOVE, [name, count])
            page.close()
            if times:
                found[name] = {
                    "median": median(times),
                    "p99": percentile(times, 0.99),
                    "ready": ready,
                }
        browser.close()
    return found


USUAL_WAY = """
%matplotlib inline
import matplotlib.pyplot as plt
import numpy as np
from ipywidgets import interact
from scipy.stats import norm

x = np.linspace(-7, 7, 281)

@interact(mean=(-4.0, 4.0, 0.05), width=(0.3, 2.5, 0.05), weight=(0.0, 1.0, 0.01), separation=(0.0, 6.0, 0.05))
def draw(mean=1.0, width=1.0, weight=0.5, separation=3.0):
    shift = separation / 2
    p = weight * norm.pdf(x, -shift, 0.7) + (1 - weight) * norm.pdf(x, shift, 0.7)
    q = norm.pdf(x, mean, width)
    with np.errstate(divide="ignore", invalid="ignore"):
        js = 0.5 * np.trapezoid(np.nan_to_num(p * np.log(2 * p / (p + q)) + q * np.log(2 * q / (p + q))), x)
    figure, (top, bottom) = plt.subplots(2, 1, sharex=True, figsize=(7, 4.4))
    for curve in (p, q):
        top.plot(x, curve)
        top.fill_between(x, curve, alpha=0.13)
    top.set_title(f"JSD = {js:.4f}")
    bottom.plot(x, p / (p + q))
    plt.show()
"""


def messages_until_idle(client, request):
    """What the kernel publishes in answer to a request, to the last."""
    while True:
        message = client.get_iopub_msg(timeout=60)
        if message["parent_header"].get("msg_id") != request:
            continue
        if message["header"]["msg_type"] == "error":
            raise RuntimeError("\n".join(message["content"]["traceback"]))
        if message["content"].get("execution_state") == "idle":
            return
        yield message


def is_picture(message):
    return "image/png" in message["content"].get("data", {})


def time_usual_way(count):
    """Times in ms of the optimal-discriminator figure as `ipywidgets.interact` with matplotlib."""
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(kernel_name="python3")
    try:
        opened = list(messages_until_idle(client, client.execute(USUAL_WAY)))
        slider = next(
            message["content"]["comm_id"]
            for message in opened
            if message["header"]["msg_type"] == "comm_msg"
            and message["content"]["data"]["state"] == {"description": "mean"}
        )
        times = []
        for i in range(count + 3):
            data = {"method": "update", "state": {"value": -4 + 0.05 * ((i * 37) % 160)}}
            message = client.session.msg("comm_msg", {"comm_id": slider, "data": data})
            start = time.perf_counter()
            client.shell_channel.send(message)
            answers = messages_until_idle(client, message["header"]["msg_id"])
            next(answer for answer in answers if is_picture(answer))
            times.append(1000 * (time.perf_counter() - start))
            list(answers)
        return times[3:]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def figure_updates(seconds, device):
    """Slider to pixels, for every figure of the built book; the usual way for the one on the landing page."""
    if not (HTML / "index.html").is_file():
        raise FileNotFoundError("the figures are timed on the built book: run `make book` first")
    ours = time_figures(max(30, int(seconds * 10)))
    usual = median(time_usual_way(max(10, int(seconds * 2))))
    landing = ours["optimal-discriminator"]
    return [
        harness.row(
            "figure: slider to pixels",
            "ms (median)",
            landing["median"],
            usual,
            "ipywidgets.interact + matplotlib, without the browser",
            smaller_is_better=True,
            p99=landing["p99"],
            figures=ours,
        )
    ]


BENCHMARKS = {"figures": figure_updates}
