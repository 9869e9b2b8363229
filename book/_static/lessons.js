// lessons.js: predictions and questions that can be answered (made by book/_ext/gan_book/lessons.py). What a prompt hides is a
// closed <details>: the browser opens it for an anchor or a search, and it works without this script. Answers are kept in the
// page's own storage and go with one button.
(() => {
  const KEY = "gan-lessons";
  const page = document.documentElement;
  page.classList.add("gan-js"); // before the page is drawn

  const read = () => {
    try {
      return JSON.parse(localStorage.getItem(KEY)) ?? {};
    } catch {
      return {};
    }
  };
  const keep = (key, answer) => {
    const all = read();
    if (answer === undefined) delete all[key];
    else all[key] = answer;
    try {
      localStorage.setItem(KEY, JSON.stringify(all));
    } catch {} // no room, or not allowed: it is then forgotten with the page
  };

  let printing = false;

  class Lesson {
    constructor(root) {
      this.root = root;
      this.form = root.dataset.predict ?? root.dataset.quiz;
      this.isQuiz = root.dataset.quiz !== undefined;
      this.reveal = root.querySelector(":scope > .gan-reveal");
      this.feedback = root.querySelector(":scope > .gan-feedback");
      this.inputs = [...root.querySelectorAll(".gan-form input")];
      this.figure = this.form === "draw" ? root.querySelector("[data-figure]") : null;
      this.again = document.createElement("button");
      Object.assign(this.again, { type: "button", className: "gan-again", textContent: "Try again", hidden: true });
      this.feedback.after(this.again);
      this.again.addEventListener("click", () => {
        this.reset();
        (this.inputs[0] ?? this.figure?.querySelector("button"))?.focus();
      });
      root.querySelector(".gan-check")?.addEventListener("click", () => this.check());
      for (const input of this.inputs) {
        input.addEventListener("keydown", (event) => event.key === "Enter" && this.check());
      }
      this.reveal.addEventListener("toggle", () => {
        if (this.reveal.open && !printing && root.dataset.state === undefined) this.show();
      });
      this.figure?.addEventListener("gan-sketch", ({ detail }) => this.compared(detail));
      this.figure?.addEventListener("gan-sketch-again", () => this.reset());
      const before = read()[root.dataset.key];
      if (before !== undefined) this.restore(before);
    }

    reply(name) {
      return this.reveal.querySelector(`.gan-replies > [data-for="${name}"]`);
    }

    say(...parts) {
      this.feedback.replaceChildren(...parts.flatMap((part) => {
        if (typeof part !== "string") return [...part.cloneNode(true).childNodes];
        const line = document.createElement("p");
        line.textContent = part;
        return [line];
      }));
    }

    settle(state, answer) {
      this.root.dataset.state = state;
      this.again.hidden = false;
      if (answer !== undefined) keep(this.root.dataset.key, answer);
      if (!this.isQuiz || state !== "wrong") this.reveal.open = true;
    }

    check() {
      if (this.form === "number") this.checkNumber();
      else if (this.form === "select") this.checkSelection();
      else this.checkChoice();
    }

    checkChoice() {
      const chosen = this.inputs.find((input) => input.checked);
      if (!chosen) return this.say("Choose one of the answers first.");
      const reply = this.reply(chosen.value);
      this.say(reply);
      this.settle(reply.hasAttribute("data-right") ? "right" : "wrong", chosen.value);
    }

    // Several answers may be right: every one that was selected is answered, and none that was not.
    checkSelection() {
      const rights = [...this.reveal.querySelectorAll(".gan-replies > [data-right]")].map((reply) => reply.dataset.for);
      const chosen = this.inputs.filter((input) => input.checked).map((input) => input.value);
      if (chosen.length === 0) return this.say("Choose all the answers that apply first.");
      const found = chosen.filter((letter) => rights.includes(letter)).length;
      const wrong = chosen.length - found;
      const all = found === rights.length;
      const part = all ? "You have found all that apply" : found ? `You have found ${found} of those that apply, and others are missing` : "None of these applies";
      const extra = wrong && found ? `, and ${wrong} of yours ${wrong === 1 ? "does" : "do"} not apply` : "";
      this.say(`${part}${extra}.`, ...chosen.map((letter) => this.lettered(letter)));
      this.settle(all && !wrong ? "right" : "wrong", chosen);
    }

    // The reply to a choice, with the choice's letter before it.
    lettered(name) {
      const copy = this.reply(name).cloneNode(true);
      const letter = document.createElement("span");
      Object.assign(letter, { className: "gan-letter", textContent: name });
      (copy.querySelector("p") ?? copy).prepend(letter, " ");
      return copy;
    }

    checkNumber() {
      const [input] = this.inputs;
      const value = input.valueAsNumber;
      if (Number.isNaN(value) || value < Number(input.min) || value > Number(input.max)) {
        return this.say(`Set a number from ${input.min} to ${input.max} first.`);
      }
      const truth = Number(this.root.dataset.answer);
      const near = Math.abs(value - truth) <= Number(this.root.dataset.within) * (1 + 1e-9);
      const reply = near ? null : this.reply(value < truth ? "lower" : "higher");
      const side = value < truth ? "low" : "high";
      const said = near ? `You said ${value}: close enough. It is ${truth}.` : `You said ${value}, which is too ${side}. It is ${truth}.`;
      const known = near || !this.isQuiz;
      const words = known ? said : `You said ${value}, which is too ${side}.`;
      const copy = reply?.cloneNode(true);
      copy?.querySelector("strong")?.remove(); // "Lower." or "Higher.", which the first line has said
      this.say(words, ...(copy ? [copy] : []));
      this.settle(near ? "right" : "wrong", value);
    }

    compared({ drawn }) {
      this.settle("compared", { drawn });
    }

    // The reader asked to be shown: the right answer, in words.
    show() {
      const rights = [...this.reveal.querySelectorAll(".gan-replies > [data-right]")];
      if (this.form === "select") this.say(...rights.map((right) => this.lettered(right.dataset.for)));
      else if (rights.length) this.say(...rights);
      else if (this.form === "number") this.say(`It is ${this.root.dataset.answer}.`);
      this.figure?.dispatchEvent(new CustomEvent("gan-sketch-set", { detail: { compared: true } }));
      this.settle("shown", "");
    }

    restore(answer) {
      if (answer === "") return void (this.reveal.open = true); // its toggle shows
      if (this.form === "draw") {
        if (!Array.isArray(answer.drawn)) return;
        setTimeout(() => { // the figures have started by then
          this.figure?.dispatchEvent(new CustomEvent("gan-sketch-set", { detail: { drawn: answer.drawn, compared: true } }));
          this.settle("compared");
        });
        return;
      }
      if (this.form === "number") this.inputs[0].value = answer;
      else for (const input of this.inputs) input.checked = [answer].flat().includes(input.value);
      this.check();
    }

    reset() {
      keep(this.root.dataset.key);
      delete this.root.dataset.state;
      this.reveal.open = false;
      this.again.hidden = true;
      this.feedback.replaceChildren();
      for (const input of this.inputs) {
        if (input.type === "number") input.value = "";
        else input.checked = false;
      }
      this.figure?.dispatchEvent(new CustomEvent("gan-sketch-set", { detail: { compared: false } }));
    }
  }

  // An anchor in what is folded opens it (browsers that do so themselves are only quicker).
  function openTarget() {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    let folded = false;
    for (let fold = target.closest("details"); fold; fold = fold.parentElement.closest("details")) {
      folded ||= !fold.open;
      fold.open = true;
    }
    if (folded) target.scrollIntoView();
  }

  let closed = [];
  addEventListener("beforeprint", () => {
    printing = true;
    closed = [...document.querySelectorAll("article .gan-reveal:not([open]), article .gan-fold:not([open])")];
    for (const fold of closed) fold.open = true;
  });
  addEventListener("afterprint", () => {
    for (const fold of closed) fold.open = false;
    setTimeout(() => (printing = false));
  });

  addEventListener("DOMContentLoaded", () => {
    const lessons = [...document.querySelectorAll(".gan-lesson")].map((root) => new Lesson(root));
    openTarget();
    addEventListener("hashchange", openTarget);
    if (lessons.length === 0) return;
    const clear = document.createElement("button");
    Object.assign(clear, { type: "button", className: "gan-clear", textContent: "Clear my answers on this page" });
    clear.addEventListener("click", () => {
      for (const lesson of lessons) lesson.reset();
      clear.textContent = "Cleared";
      setTimeout(() => (clear.textContent = "Clear my answers on this page"), 2000);
    });
    const line = document.createElement("p");
    line.className = "gan-clear-line";
    line.append(clear);
    document.querySelector("article")?.append(line);
  });
})();
