// Shows an answer. Whatever comes from a text that somebody typed goes in as text, never as markup.

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// "N^(1-2s)" with its exponent raised.
function raised(text) {
  const parts = [];
  let rest = text;
  for (let start = rest.indexOf("N^("); start >= 0; start = rest.indexOf("N^(")) {
    let depth = 0, end = start + 2;
    do {
      if (rest[end] === "(") depth += 1;
      if (rest[end] === ")") depth -= 1;
      end += 1;
    } while (depth && end < rest.length);
    const exponent = rest.slice(start + 3, end - 1).replace(/-/g, "−");
    parts.push(rest.slice(0, start), element("span", { class: "size" }, element("i", {}, "N"), element("sup", {}, exponent)));
    rest = rest.slice(end);
  }
  return [...parts, rest];
}

// "K_ff" with its index lowered.
function block(label) {
  const [, index] = /^K_(.*)$/s.exec(label) ?? [null, label];
  return element("span", {}, element("i", {}, "K"), element("sub", {}, index));
}

const LIMITS = ["deterministic", "zero", "random", "diverges"];

// One cell: each line a limit, perhaps after its interval of s, and the size.
function cell(text) {
  return text.split("\n").map((line) => {
    const [, where, said] = /^(s [^:]*: |[^:]*s [^:]*: )?(.*)$/s.exec(line);
    const limit = LIMITS.find((name) => said.startsWith(name));
    const rest = limit ? said.slice(limit.length).replace(/^, /, " ") : said;
    return element("p", {}, where ?? "", ...(limit ? [element("span", { class: `pill ${limit}` }, limit)] : []), ...raised(rest));
  });
}

const COLUMNS = ["converges", "s < 1/2", "s = 1/2", "s > 1/2"];

function table(rows) {
  const head = element("tr", {}, ...["block", ...COLUMNS].map((name) => element("th", { scope: "col" }, name)));
  const body = rows.map(({ blocks, cells }) => element("tr", {},
    element("th", { scope: "row" }, ...blocks.flatMap((name, k) => [k ? ", " : "", block(name)])),
    ...cells.map((text, k) => element("td", { "data-of": COLUMNS[k] }, ...(k ? [element("div", {}, ...cell(text))] : [text]))),
  ));
  return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Table of limits" },
    element("table", { class: "limits" },
      element("caption", {}, "Limit and size of each block ‖K‖ of the kernel as the width N → ∞ [D]"),
      element("thead", {}, head), element("tbody", {}, ...body)));
}

function formula(latex) {
  const made = element("div", { class: "formula", tabindex: "0", role: "region", "aria-label": "The equation" });
  globalThis.katex.render(latex, made, { displayMode: true, throwOnError: false, trust: false, strict: "ignore", maxSize: 50 });
  return made;
}

const MARKS = { true: ["✓", "yes", "holds"], false: ["✗", "no", "does not hold"], null: ["?", "unknown", "undecided"] };

function hypotheses(items) {
  return element("ul", { class: "plain" }, ...items.map(({ name, holds, why }) => {
    const [mark, kind, word] = MARKS[holds];
    return element("li", {}, element("span", { class: `mark ${kind}`, role: "img", "aria-label": word }, mark), ` ${name}: ${why}`);
  }));
}

function derivation(steps) {
  return element("ol", { class: "steps" }, ...steps.map(({ title, source, answer, because, conclusion }) => element("li", {},
    element("p", {}, element("b", {}, title), " ", element("span", { class: "source" }, source)),
    element("p", {}, `${answer}: ${because}`),
    element("p", {}, `⇒ ${conclusion}`),
  )));
}

function part(title, isOpen, ...children) {
  const made = element("details", { class: "part" }, element("summary", {}, title), ...children);
  made.open = isOpen;
  return made;
}

function copied(text, name) {
  const button = element("button", { type: "button", class: "quiet" }, `Copy ${name}`);
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  });
  return button;
}

function source(id, label, text) {
  return [element("pre", { id, tabindex: "0", role: "region", "aria-label": label }, text), copied(text, label)];
}

// One line that says the answer, for those who hear the page.
export function inWords({ shown }) {
  const few = (items, most, mark, more) => items.slice(0, most).join(mark) + (items.length > most ? more : "");
  const said = shown.rows.map(({ blocks, cells }) => `${few(blocks, 2, ", ", " …")} for ${cells[0] === "none" ? "no s" : cells[0]}`);
  return `Converges: ${few(said, 3, "; ", "; more in the table")}.`;
}

// A message of the command line: its prose may wrap, the line with the caret and the one above may not.
export function message(text) {
  const lines = text.split("\n").map((line, k, all) => element("span", { class: line.startsWith("    ") ? "exact" : "prose" },
    k < all.length - 1 ? `${line}\n` : line));
  return element("pre", { tabindex: "0", role: "region", "aria-label": "Message" }, ...lines);
}

// Fills the section with an answer of the engine; edit(name) is called to work on a problem of the zoo.
export function show(section, { command, file, output, shown }, edit) {
  const found = JSON.parse(output);
  const at = Object.entries(found.at_s ?? {}).map(([s, limits]) => element("li", {}, element("b", {}, `at s = ${s}: `),
    ...Object.entries(limits).flatMap(([name, limit], k) => [k ? ", " : "", block(shown.labels[name] ?? name), ` ${limit}`])));
  const editing = found.name ? [element("button", { type: "button", class: "quiet" }, "Edit as a problem file")] : [];
  editing.forEach((button) => button.addEventListener("click", () => edit(found.name)));
  section.replaceChildren(
    element("div", { class: "top" }, element("h2", { id: "answer-title" }, shown.heading)),
    formula(shown.formula),
    ...shown.ansatz.map((line) => element("p", { class: "code" }, line)),
    table(shown.rows),
    element("ul", { class: "plain" }, ...at),
    ...found.disagreements.map((sentence) => element("p", { class: "notice" }, sentence)),
    element("h3", {}, "What the paper's criterion says"),
    hypotheses(found.hypotheses),
    ...shown.paper.map((line) => element("p", { class: "paper-says" }, line)),
    element("h3", {}, "Assumed"),
    element("ul", { class: "plain" }, ...found.assumptions.map(({ what, why }) => element("li", {}, what, " ", element("span", { class: "source" }, why)))),
    part(`Derivation, ${found.steps.length} steps`, false, derivation(found.steps)),
    part("LaTeX", false, ...source("latex", "LaTeX", shown.latex)),
    part("JSON", false, ...source("json", "JSON", output)),
    part("The same on the command line", false, element("code", { class: "command" }, command),
      ...(file === null ? [] : [element("p", {}, "with ", element("code", {}, "problem.toml"), ":"), ...source("made", "problem file", file)])),
    element("p", { class: "row" }, ...editing),
  );
  section.hidden = false;
}
