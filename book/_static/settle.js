// settle.js: on a page with a moving figure, what is out of sight rests.
// A page of formulas has tens of thousands of nodes, and the browser walks them all for every frame of a figure. Once the
// page has been laid out, each block and each section that holds no figure keeps its measured size and is skipped while it
// is out of sight (content-visibility: auto). Sections, since each piece costs a little of its own; blocks too, since a
// section is often taller than the window and then rests only in part.
// Sizes are exact (sections are formatting contexts, see book.css), so that scrolling and anchors land where they did; a
// resize measures anew.
(() => {
  const FREE = ":not(:has(.gan-figure))";
  const SECTIONS = `.bd-article section section${FREE}`;
  const BLOCKS = `.bd-article section > :not(section, h1, h2, h3, h4)${FREE}`;
  let blocks = [];

  function wake() {
    for (const block of blocks) block.style.contentVisibility = block.style.containIntrinsicSize = "";
    blocks = [];
  }

  function rest() {
    const found = [...document.querySelectorAll(`${SECTIONS}, ${BLOCKS}`)];
    const heights = found.map((block) => block.offsetHeight);
    found.forEach((block, i) => {
      block.style.containIntrinsicSize = `auto ${heights[i]}px`;
      block.style.contentVisibility = "auto";
    });
    blocks = found;
  }

  const later = globalThis.requestIdleCallback ?? ((task) => setTimeout(task, 200));
  let width = innerWidth;
  addEventListener("load", () => {
    if (!document.querySelector(".gan-figure") || !CSS.supports("content-visibility", "auto")) return;
    document.fonts.ready.then(() => later(rest));
    addEventListener("resize", () => {
      if (innerWidth === width) return;
      width = innerWidth;
      wake();
      later(rest);
    });
    addEventListener("beforeprint", wake);
  });
})();
