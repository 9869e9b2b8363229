// reader.js: what a reader of a long page has at hand: how far they are, all code folded with one press, and paper in the light
// theme.
(() => {
  const KEY = "gan-code-folded";
  const page = document.documentElement;
  const folded = () => page.classList.contains("code-folded");
  // Before the page is drawn, so that nothing jumps.
  if (localStorage.getItem(KEY) === "yes") page.classList.add("code-folded");

  function addProgress() {
    const bar = document.createElement("div");
    bar.className = "reader-progress";
    bar.setAttribute("aria-hidden", "true"); // the headings say it better
    document.body.append(bar);
    let asked = 0;
    const show = () => {
      asked = 0;
      const way = page.scrollHeight - innerHeight;
      bar.style.transform = `scaleX(${way > 0 ? Math.min(1, scrollY / way) : 0})`;
    };
    const ask = () => (asked ||= requestAnimationFrame(show));
    for (const sign of ["scroll", "resize"]) addEventListener(sign, ask, { passive: true });
    show();
  }

  function addFold() {
    const header = document.querySelector(".article-header-buttons");
    if (!header || !document.querySelector(".cell_input")) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn-sm reader-fold";
    button.innerHTML = '<span class="btn__icon-container"><i class="fas fa-code"></i></span>';
    const say = () => {
      const words = folded() ? "Show all code" : "Fold all code";
      button.setAttribute("aria-label", words);
      button.title = words;
      button.setAttribute("aria-pressed", String(folded()));
    };
    button.addEventListener("click", () => {
      page.classList.toggle("code-folded");
      localStorage.setItem(KEY, folded() ? "yes" : "no");
      say();
    });
    say();
    header.prepend(button);
  }

  // On a phone the page's contents lie over the page: whoever has chosen a section wants to see it.
  function closeContents() {
    const open = document.getElementById("pst-secondary-sidebar-checkbox");
    const contents = document.querySelector(".bd-sidebar-secondary");
    if (open && contents) contents.addEventListener("click", ({ target }) => target.closest("a") && (open.checked = false));
  }

  // Paper is white, whatever the screen is.
  let theme;
  addEventListener("beforeprint", () => {
    theme = page.dataset.theme;
    page.dataset.theme = "light";
  });
  addEventListener("afterprint", () => (page.dataset.theme = theme));

  addEventListener("DOMContentLoaded", () => {
    addProgress();
    addFold();
    closeContents();
  });
})();
