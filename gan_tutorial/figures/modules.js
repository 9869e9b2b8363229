// modules.js: what linked modules stand on. The linker (linker.py) wraps each module in a function, so that its names are its
// own; here such a function waits until its module is first asked for, and runs once.
const ganModules = (() => {
  const waiting = {};
  const made = {};
  const need = (name) => (made[name] ??= waiting[name](need));
  return {
    need,
    has: (name) => name in waiting,
    define(name, make) {
      waiting[name] ??= make;
    },
  };
})();
