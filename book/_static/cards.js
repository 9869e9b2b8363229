// cards.js: at a link to a term, an equation, a box or a paper, what it points at, without leaving the line. It comes
// with the pointer or the keyboard's focus, and goes with Escape. Data of other pages were written at build (cards.py).
(() => {
  const WAIT = 250; // milliseconds
  let data = {};
  let card = null;
  let owner = null;
  let timer = 0;

  function contentFor(link) {
    const address = link.getAttribute("href");
    if (data[address]) return data[address];
    if (!address.startsWith("#") || address.length < 2) return null;
    const target = document.getElementById(decodeURIComponent(address.slice(1)));
    if (target?.matches("dt")) return target.parentElement.querySelector(`#${CSS.escape(target.id)} ~ dd`)?.innerHTML ?? null;
    if (!target?.matches(".math-block, .gan-box")) return null;
    const copy = target.cloneNode(true);
    for (const node of [copy, ...copy.querySelectorAll("[id]")]) node.removeAttribute("id");
    return copy.outerHTML;
  }

  function hide() {
    clearTimeout(timer);
    card?.remove();
    owner?.removeAttribute("aria-describedby");
    card = owner = null;
  }

  function show(link, content) {
    hide();
    owner = link;
    card = document.createElement("div");
    Object.assign(card, { className: "gan-card", id: "gan-card", innerHTML: content });
    card.setAttribute("role", "tooltip");
    document.body.append(card);
    link.setAttribute("aria-describedby", "gan-card");
    const line = link.getClientRects()[0] ?? link.getBoundingClientRect();
    const [width, height] = [card.offsetWidth, card.offsetHeight];
    const left = Math.max(8, Math.min(line.left, document.documentElement.clientWidth - width - 8));
    const below = line.bottom + 6 + height <= innerHeight || line.top < height + 6;
    card.style.left = `${left + scrollX}px`;
    card.style.top = `${(below ? line.bottom + 6 : line.top - height - 6) + scrollY}px`;
    card.addEventListener("pointerleave", later);
    card.addEventListener("pointerenter", () => clearTimeout(timer));
  }

  function later() {
    clearTimeout(timer);
    timer = setTimeout(hide, WAIT);
  }

  function come(event, wait) {
    const link = event.target.closest?.("article a[href]");
    if (link && link === owner) return clearTimeout(timer); // back from the card, or on another of its words
    if (!link || link.closest(".headerlink, nav, .gan-tools")) return;
    const content = contentFor(link);
    if (!content) return;
    clearTimeout(timer);
    timer = setTimeout(() => show(link, content), wait);
  }

  addEventListener("DOMContentLoaded", () => {
    const written = document.getElementById("gan-cards");
    if (written) data = JSON.parse(written.textContent);
    document.addEventListener("pointerover", (event) => event.pointerType !== "touch" && come(event, WAIT));
    document.addEventListener("pointerout", (event) => {
      if (event.target.closest?.("article a[href]")) later();
    });
    document.addEventListener("focusin", (event) => {
      if (event.target.matches?.(":focus-visible")) come(event, 0);
    });
    document.addEventListener("focusout", () => owner && later());
    document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
  });
})();
