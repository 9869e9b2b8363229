// @ts-check
// seen.js: what waits until a figure comes into view.

/**
 * Call when the figure comes near the window, perhaps more than once; false where the browser cannot tell.
 * @param {import("./figure.js").FigureView} figure @param {() => void} call
 */
export function whenNear(figure, call) {
  if (typeof IntersectionObserver !== "function") return false;
  const observer = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && call(), { rootMargin: "200px" });
  observer.observe(figure.root);
  figure.cleanups.push(() => observer.disconnect());
  return true;
}
