// dom.js: the few DOM calls that the figures' kit makes, for printing a figure's first state without a browser.
// Nodes keep what was set and can be written out as HTML; nothing is measured and no event is ever sent.

const VOID_TAGS = new Set(["br", "hr", "img", "input"]);
const escapeHtml = (text) => String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
const IDLE = new Proxy(() => {}, { get: (_, key) => (key === Symbol.toPrimitive ? () => 0 : IDLE), set: () => true, apply: () => IDLE });

class PictureNode {
  constructor(tag) {
    this.tag = tag;
    this.attributes = new Map();
    this.childNodes = [];
    this.style = { setProperty: (key, value) => this.setAttribute("style", `${this.getAttribute("style") ?? ""}${key}:${value};`) };
    this.classList = {
      add: (...names) => this.setAttribute("class", [...new Set([...this.classNames(), ...names])].join(" ")),
      remove: (...names) => this.setAttribute("class", this.classNames().filter((n) => !names.includes(n)).join(" ")),
      toggle: (name, on = !this.classNames().includes(name)) => (on ? this.classList.add(name) : this.classList.remove(name)),
      contains: (name) => this.classNames().includes(name),
    };
    this.dataset = new Proxy({}, {
      set: (_, key, value) => (this.setAttribute(`data-${key.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`, value), true),
      get: (_, key) => this.getAttribute(`data-${String(key)}`) ?? undefined,
    });
    this.clientWidth = this.clientHeight = 0;
  }
  classNames() {
    return (this.getAttribute("class") ?? "").split(" ").filter(Boolean);
  }
  setAttribute(key, value) {
    this.attributes.set(key, String(value));
  }
  getAttribute(key) {
    return this.attributes.get(key) ?? null;
  }
  removeAttribute(key) {
    this.attributes.delete(key);
  }
  appendChild(child) {
    this.childNodes.push(child);
    return child;
  }
  append(...children) {
    this.childNodes.push(...children.map((c) => (typeof c === "string" ? document.createTextNode(c) : c)));
  }
  replaceChildren(...children) {
    this.childNodes = [];
    this.append(...children);
  }
  set textContent(text) {
    this.childNodes = text === "" ? [] : [document.createTextNode(text)];
  }
  get textContent() {
    return this.childNodes.map((child) => child.textContent).join("");
  }
  set hidden(value) {
    if (value) this.setAttribute("hidden", "");
    else this.removeAttribute("hidden");
  }
  addEventListener() {}
  removeEventListener() {}
  querySelector() {
    return null;
  }
  getContext() {
    return IDLE;
  }
  getBoundingClientRect() {
    return { left: 0, top: 0, width: 0, height: 0 };
  }
  get outerHTML() {
    if (this.classNames().includes("gan-controls")) return "";
    const attributes = [...this.attributes].map(([key, value]) => ` ${key}="${escapeHtml(value)}"`).join("");
    if (VOID_TAGS.has(this.tag)) return `<${this.tag}${attributes}>`;
    return `<${this.tag}${attributes}>${this.innerHTML}</${this.tag}>`;
  }
  get innerHTML() {
    return this.childNodes.map((child) => child.outerHTML).join("");
  }
}

globalThis.document = {
  createElement: (tag) => new PictureNode(tag),
  createElementNS: (_, tag) => new PictureNode(tag),
  createTextNode: (text) => ({ textContent: String(text), outerHTML: escapeHtml(text) }),
  addEventListener() {},
  removeEventListener() {},
  hidden: true,
  documentElement: new PictureNode("html"),
};
globalThis.window = globalThis;
globalThis.requestAnimationFrame = () => 0;
globalThis.cancelAnimationFrame = () => {};
globalThis.getComputedStyle = () => ({ getPropertyValue: () => "" });

// The HTML inside the figure's root, once it has drawn the given state, or of the part that has the class.
function pictureOf(name, state, part) {
  const root = new PictureNode("div");
  root.setAttribute("data-figure", name);
  const { render } = ganModules.need(`${name.replaceAll("-", "_")}/drawing.js`);
  render({ model: new ganFigures.Model(state), el: root });
  return part ? root.childNodes.find((child) => child.classNames().includes(part)).outerHTML : root.innerHTML;
}
