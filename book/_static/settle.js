// settle.js: while a figure moves, what is out of sight rests.
// A page of formulas has tens of thousands of nodes, and the browser walks them all for every frame of a figure. So as long as
// the reader plays with one, each block and each section that holds no figure keeps its measured size and is skipped while it
// is out of sight (content-visibility: auto). Sections, since each piece costs a little of its own; blocks too, since a
// section is often taller than the window and then rests only in part. Sizes are exact (sections are formatting contexts, see
// book.css), so that scrolling and anchors land where they did; a resize measures anew. A page at which nothing has moved for
// a while is whole again.
(() => {
  const FREE = ":not(:has(.gan-figure))";
  const SECTIONS = `.bd-article section section${FREE}`;
  const BLOCKS = `.bd-article section > :not(section, h1, h2, h3, h4)${FREE}`;
  const QUIET = 5000; // milliseconds without a move
  const later = globalThis.requestIdleCallback ?? ((task) => setTimeout(task, 50));
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

  function wake() {
    for (const block of blocks) block.style.contentVisibility = block.style.containIntrinsicSize = "";
    blocks = [];
  }

  function rest() {
    asked = false;
    blocks = [...document.querySelectorAll(`${SECTIONS}, ${BLOCKS}`)];
    const heights = blocks.map(contentHeight);
    blocks.forEach((block, i) => {
      block.style.containIntrinsicSize = `auto ${heights[i]}px`;
      block.style.contentVisibility = "auto";
    });
  }

  function stir(event) {
    if (!event.target.closest?.(".gan-figure")) return;
    clearTimeout(timer);
    timer = setTimeout(wake, QUIET);
    if (blocks.length || asked) return;
    asked = true;
    later(rest);
  }

  if (!CSS.supports("content-visibility", "auto")) return;
  for (const sign of ["gan-move", "pointerover", "focusin"]) addEventListener(sign, stir, { passive: true });
  addEventListener("beforeprint", wake);
  addEventListener("resize", () => {
    if (innerWidth !== width) wake();
    width = innerWidth;
  });
})();
