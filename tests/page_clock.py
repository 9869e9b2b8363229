"""Waiting by a page's own clock: Playwright's goes on while a busy page is late with what it has set itself to do."""

STILL = """async ([what, frames]) => {
  const value = new Function(`return ${what}`);
  let last;
  for (let still = 0, passed = 0; still < frames; passed++) {
    if (passed === 2000) throw new Error(`${what} keeps changing`);
    const now = value();
    still = now === last ? still + 1 : 0;
    last = now;
    await new Promise(requestAnimationFrame);
  }
  return last;
}"""


def rest(page, milliseconds: int) -> None:
    """Until the page has done all that it had set itself to do within that time."""
    page.evaluate("(time) => new Promise((done) => setTimeout(done, time))", milliseconds)


def wait_until_still(page, what: str, frames: int = 5):
    """The value of an expression once it has kept it for so many frames."""
    return page.evaluate(STILL, [what, frames])
