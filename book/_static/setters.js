// setters.js: a link that sets controls of a figure on its page (made by book/_ext/gan_book/setters.py).
(() => {
  function set(figure, wanted) {
    for (const [name, value] of new URLSearchParams(wanted)) {
      const control = figure.querySelector(`input[name="${name}"], select[name="${name}"]`);
      if (!control) continue;
      control.value = value;
      for (const event of ["input", "change"]) control.dispatchEvent(new Event(event, { bubbles: true }));
    }
  }

  addEventListener("click", (event) => {
    const link = event.target instanceof Element && event.target.closest("a.gan-set");
    const place = link && document.getElementById(link.hash.slice(1));
    const figure = place && (place.matches("[data-figure]") ? place : place.querySelector("[data-figure]"));
    if (!figure) return;
    event.preventDefault();
    set(figure, link.dataset.set);
    const { top, bottom } = figure.getBoundingClientRect();
    if (top < 0 || bottom > innerHeight) figure.scrollIntoView({ block: "nearest" });
  });
})();
