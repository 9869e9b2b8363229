// host.js: lets the figures live in a static page, with no Jupyter kernel and no widget manager.
// A classic script on purpose: module scripts do not load over file://. The figures' modules come linked (linker.py); the state
// saved in the page becomes the model that the figure would have had from Python.
(() => {
  const [arrivals, texts] = [{}, {}];
  const folder = typeof document !== "undefined" && document.currentScript ? document.currentScript.src.replace(/[^/]*$/, "") : "";

  class Model {
    constructor(state) {
      this.state = state;
      this.listeners = {};
    }
    get(name) {
      return this.state[name];
    }
    set(name, value) {
      if (Object.is(this.state[name], value)) return;
      this.state[name] = value;
      for (const event of [`change:${name}`, "change"]) for (const listener of [...(this.listeners[event] ?? [])]) listener();
    }
    save_changes() {}
    send() {}
    on(event, listener) {
      (this.listeners[event] ??= []).push(listener);
    }
    off(event, listener) {
      this.listeners[event] = (this.listeners[event] ?? []).filter((other) => other !== listener);
    }
  }

  function bring(el) {
    const drawing = `${el.dataset.figure.replaceAll("-", "_")}/drawing.js`;
    const saved = el.querySelector('script[type="application/json"]');
    if (!ganModules.has(drawing) || !saved) return;
    const first = JSON.parse(saved.textContent);
    const asked = document.body.classList.contains("gan-alone") ? ganModules.need("kit/state.js").readState(location.hash, first) : {};
    const model = new Model({ ...first, ...asked });
    ganModules.need(drawing).render({ model, el });
    ganModules.need("kit/share.js").share({ el, model, first, home: `${folder}../../figures/` });
  }

  // The bytes of a figure's file, fetched once, when first asked for: a promise of a Uint8Array. A script brings them in
  // base64, because a page opened over file:// may load scripts and nothing else.
  function file(name) {
    arrivals[name] ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = `${folder}${name}.js`;
      script.onload = () => resolve(Uint8Array.from(atob(texts[name]), (c) => c.charCodeAt(0)));
      script.onerror = () => reject(new Error(`${name} could not be loaded`));
      document.head.appendChild(script);
    });
    return arrivals[name];
  }

  globalThis.ganFigures = {
    Model,
    file,
    deliver(name, text) {
      texts[name] = text;
    },
    start() {
      for (const el of document.querySelectorAll("[data-figure]:not([data-ready])")) bring(el);
    },
  };
  if (typeof document !== "undefined") document.addEventListener("DOMContentLoaded", () => globalThis.ganFigures.start());
})();
