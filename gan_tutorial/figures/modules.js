// modules.js: what linked modules stand on. The linker (linker.py) wraps each module in a function, so that its names are its
// own; here such a function waits until its module is first asked for, and runs once.
const makeModules = () => {
  const waiting = {};
  const made = {};
  const need = (name) => (made[name] ??= waiting[name](need));
  return {
    need,
    has: (name) => name in waiting,
    define(name, make) {
      waiting[name] ??= make;
    },
    // A text that defines the module and all that it needs once more, for a worker, which shares nothing with its page.
    source(name) {
      const found = new Set();
      const visit = (each) => {
        if (found.has(each)) return;
        found.add(each);
        for (const [, other] of String(waiting[each]).matchAll(/\bneed\("([^"]+)"\)/g)) visit(other);
      };
      visit(name);
      const texts = [...found].map((each) => `ganModules.define("${each}", ${waiting[each]});\n`);
      return `const makeModules = ${makeModules};\nconst ganModules = makeModules();\n${texts.join("")}`;
    },
  };
};
const ganModules = makeModules();
