// settle.js: while a figure moves, what is out of sight rests.
// A page of formulas has tens of thousands of nodes, and the browser walks them all for every frame of a figure. So as long as
// the reader plays with one, each block and each section that does not hold it keeps its measured size and is skipped while it
// is out of sight (content-visibility: auto). Sections, since each piece costs a little of its own; blocks too, since a
// section is often taller than the window and then rests only in part. Sizes are exact (sections are formatting contexts, see
// book.css), so that scrolling and anchors land where they did; a resize measures anew. A page at which nothing has moved for
// a while is whole again.
(() => {
  const PARTS = ".bd-article section section, .bd-article section > :not(section, h1, h2, h3, h4)";
  const QUIET = 5000; // milliseconds without a move
  const PATIENCE = 500; // milliseconds: a page that is busy with its figure has no idle time, and needs the rest most
  const idle = globalThis.requestIdleCallback ?? ((task) => setTimeout(task, 50)); // WebKit has none
  // Just before a layout: between the two, a press would miss.
  const later = (task) => idle(() => requestAnimationFrame(task), { timeout: PATIENCE });
  const moving = new Set(); // the figures that the reader plays with
  let blocks = [];
  let asked = false;
  let timer = 0;
  let width = innerWidth;

  // The height that an element's content fills, which is what its intrinsic size stands for.
  function contentHeight(element) {
    const { paddingTop, paddingBottom, borderTopWidth, borderBottomWidth } = getComputedStyle(element);
    const rim = [paddingTop, paddingBottom, borderTopWidth, borderBottomWidth].reduce((sum, part) => sum + parseFloat(part), 0);
    return element.getBoundingClientRect().height - rim;
  }

  function release() {
    for (const block of blocks) block.style.contentVisibility = block.style.containIntrinsicSize = "";
    blocks = [];
  }

  function wake() {
    release();
    moving.clear();
  }

  function rest() {
    asked = false;
    release();
    if (!moving.size) return; // a busy page came to it only after the quiet: nothing would wake it again
    blocks = [...document.querySelectorAll(PARTS)].filter((part) => ![...moving].some((figure) => part.contains(figure)));
    const heights = blocks.map(contentHeight);
    blocks.forEach((block, i) => {
      block.style.containIntrinsicSize = `auto ${heights[i]}px`;
      block.style.contentVisibility = "auto";
    });
  }

  function stir(event) {
    const figure = event.target.closest?.(".gan-figure");
    if (!figure) return;
    clearTimeout(timer);
    timer = setTimeout(wake, QUIET);
    if (moving.has(figure)) return;
    moving.add(figure);
    if (!asked) later(rest);
    asked = true;
  }

  if (!CSS.supports("content-visibility", "auto")) return;
  for (const sign of ["gan-move", "pointerover", "focusin"]) addEventListener(sign, stir, { passive: true });
  addEventListener("beforeprint", wake);
  // WebKit scrolls to nothing that rests, and most clicks elsewhere go somewhere or unfold something.
  addEventListener("click", ({ target }) => target.closest?.(".gan-figure") || wake(), true);
  addEventListener("resize", () => {
    if (innerWidth !== width) wake();
    width = innerWidth;
  });
})();
