// progress.js: which pages the reader has read: those whose every section, and whose end, has been in view. A mark in the list of
// pages says so. It is kept in the page's own storage, and one button there clears it.
(() => {
  const KEY = "gan-read";
  const name = (address) => new URL(address, location.href).pathname.split("/").pop() || "index.html";

  function read() {
    try {
      return JSON.parse(localStorage.getItem(KEY)) ?? [];
    } catch {
      return [];
    }
  }

  function keep(pages) {
    try {
      localStorage.setItem(KEY, JSON.stringify(pages));
    } catch {} // not allowed: nothing is marked then
  }

  function showMarks() {
    const pages = read();
    const links = [...document.querySelectorAll(".bd-sidebar-primary .bd-links a.reference.internal")];
    for (const link of links) {
      link.querySelector(".gan-read")?.remove();
      if (!pages.includes(name(link.href))) continue;
      const mark = document.createElement("span");
      mark.className = "gan-read";
      mark.innerHTML = '<span aria-hidden="true">✓</span><span class="visually-hidden">, read</span>';
      link.append(mark);
    }
    const list = document.querySelector(".bd-sidebar-primary .bd-links");
    let button = document.querySelector(".gan-forget");
    if (pages.length === 0) return void button?.remove();
    if (button || !list) return;
    button = document.createElement("button");
    Object.assign(button, { type: "button", className: "gan-forget", textContent: "Clear the marks of what I have read" });
    button.addEventListener("click", () => {
      keep([]);
      showMarks();
    });
    list.append(button);
  }

  function watch() {
    const article = document.querySelector("article");
    if (!article || typeof IntersectionObserver !== "function") return;
    const end = document.createElement("span"); // of the text, whatever comes after it
    article.append(end);
    const unseen = new Set([...article.querySelectorAll("h2"), end]);
    const observer = new IntersectionObserver((entries) => {
      for (const { isIntersecting, target } of entries) if (isIntersecting) unseen.delete(target);
      if (unseen.size > 0) return;
      observer.disconnect();
      const page = name(location.href);
      if (!read().includes(page)) keep([...read(), page]);
      showMarks();
    });
    for (const part of unseen) observer.observe(part);
  }

  addEventListener("DOMContentLoaded", () => {
    showMarks();
    watch();
  });
})();
