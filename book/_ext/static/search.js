// search.js: finds sections of the book. The index comes as a script too (gan_book/search.py), so that a page opened over file://
// searches as well as any: an entry is [page, title of the page, its weight, its keywords, anchor, title of the section, text].
(() => {
  const STOP = new Set("a an and are as at be by for from how in is it of on or that the to what when which why with does do".split(" "));
  const [TITLE, SECTION, TEXT] = [12, 7, 1]; // what a word is worth where it stands
  const PHRASE = 20; // and the whole query, in a title
  const SHOWN = 3; // sections of a page
  let entries = [];

  const wordsOf = (text) => text.toLowerCase().normalize("NFC").match(/[\p{L}\p{N}_]+/gu) ?? [];
  // One form for "critic" and "critics", "converge", "converges" and "convergence".
  const stemOf = (word) => (word.length < 5 ? word : word.replace(/(?:ences?|ance|ations?|ies|ing|ers?|ed|es|s|e|y)$/, ""));
  const stemsOf = (text) => wordsOf(text).map(stemOf);

  function deliver(found) {
    entries = found.map(([page, pageTitle, weight, keywords, anchor, title, text]) => ({
      page, pageTitle, weight, anchor, title, text, titleStems: stemsOf(pageTitle), sectionStems: stemsOf(title),
      phrases: keywords.map((phrase) => stemsOf(phrase).join(" ")), keyStems: keywords.flatMap(stemsOf), counts: countsOf(stemsOf(text)),
    }));
  }

  function countsOf(stems) {
    const counts = new Map();
    for (const stem of stems) counts.set(stem, (counts.get(stem) ?? 0) + 1);
    return counts;
  }

  /** How much each stem tells: the fewer sections have it, the more. */
  function weightOf(stem) {
    const having = entries.filter((e) => e.counts.has(stem) || e.sectionStems.includes(stem) || e.titleStems.includes(stem)).length;
    return having ? Math.log(1 + entries.length / having) : 0;
  }

  function scoreOf(entry, stems, weights) {
    let score = 0;
    let met = 0;
    stems.forEach((stem, i) => {
      const count = entry.counts.get(stem) ?? 0;
      const here = (entry.titleStems.includes(stem) ? TITLE : 0) + ([entry.sectionStems, entry.keyStems].some((part) => part.includes(stem)) ? SECTION : 0)
        + TEXT * Math.min(5, count) ** 0.5;
      if (here > 0) met += 1;
      score += weights[i] * here;
    });
    const query = stems.join(" ");
    for (const title of [entry.titleStems, entry.sectionStems]) if (title.join(" ").includes(query)) score += PHRASE;
    if (entry.phrases.includes(query)) score += PHRASE;
    return score * entry.weight * (met / stems.length) ** 2;
  }

  /** The pages that answer a query, the best first: [{ page, title, score, sections }]. */
  function find(query) {
    const asked = stemsOf(query).filter((word, i) => !STOP.has(wordsOf(query)[i]));
    const stems = asked.length ? asked : stemsOf(query);
    if (stems.length === 0) return [];
    const weights = stems.map(weightOf);
    const pages = new Map();
    for (const entry of entries) {
      const score = scoreOf(entry, stems, weights);
      if (!(score > 0)) continue;
      const page = pages.get(entry.page) ?? { page: entry.page, title: entry.pageTitle, score: 0, sections: [] };
      page.sections.push({ ...entry, score });
      pages.set(entry.page, page);
    }
    for (const page of pages.values()) {
      page.sections.sort((a, b) => b.score - a.score);
      page.score = page.sections[0].score + Math.log1p(page.sections.reduce((sum, { score }) => sum + score, 0));
    }
    return [...pages.values()].sort((a, b) => b.score - a.score);
  }

  // ---------------------------------------------------------------- on the page

  function node(tag, text, parent) {
    const made = document.createElement(tag);
    if (text) made.textContent = text;
    return parent ? parent.appendChild(made) : made;
  }

  /** Some words around the first that was asked for, with all of those marked. */
  function snippet(text, stems, parent) {
    const words = text.split(/\s+/);
    const hit = (word) => stemsOf(word).some((stem) => stems.has(stem));
    const first = Math.max(0, words.findIndex(hit) - 8);
    const line = node("p", first > 0 ? "… " : "", parent);
    for (const word of words.slice(first, first + 32)) {
      node(hit(word) ? "mark" : "span", word, line);
      line.append(" ");
    }
    if (words.length > first + 32) line.append("…");
  }

  function show() {
    const query = new URLSearchParams(location.search).get("q") ?? "";
    const place = document.getElementById("search-results");
    for (const field of document.querySelectorAll("input[name=q]")) field.value = query;
    if (!query.trim()) return;
    const found = find(query);
    const count = node("p", `${found.length || "No"} ${found.length === 1 ? "page" : "pages"} for “${query}”.`, place);
    count.setAttribute("role", "status");
    const stems = new Set(stemsOf(query));
    for (const { page, title, sections } of found) {
      const result = node("section", "", place);
      const link = (words, target, parent) => Object.assign(node("a", words, parent), { href: target });
      link(title, `${page}.html`, node("h2", "", result));
      for (const { anchor, title: name, text, pageTitle } of sections.slice(0, SHOWN)) {
        if (name !== pageTitle) link(name, `${page}.html#${anchor}`, node("h3", "", result));
        snippet(text, stems, result);
      }
    }
  }

  globalThis.ganSearch = { deliver, find };
  if (typeof document !== "undefined") addEventListener("DOMContentLoaded", show);
})();
