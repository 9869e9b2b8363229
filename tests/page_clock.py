"""Waiting by a page's own clock: Playwright's goes on while a busy page is late with what it has set itself to do."""

STILL = """async (what) => {
  const value = new Function(`return ${what}`);
  for (let still = 0, frames = 0, last; still < 5; frames++) {
    if (frames === 2000) throw new Error(`${what} keeps changing`);
    const now = value();
    still = now === last ? still + 1 : 0;
    last = now;
    await new Promise(requestAnimationFrame);
  }
}"""


def rest(page, milliseconds: int) -> None:
    """Until the page has done all that it had set itself to do within that time."""
    page.evaluate("(time) => new Promise((done) => setTimeout(done, time))", milliseconds)


def wait_until_still(page, what: str) -> None:
    """Until an expression has kept its value for five frames."""
    page.evaluate(STILL, what)
