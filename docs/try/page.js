// The form: asks the engine, keeps the question in the address, says what happens.
import { element, inWords, message, show } from "./shown.js";

const $ = (id) => document.getElementById(id);
// Of a question, what is a text and what is there or not; each is the name of its control.
const TEXTS = ["output_bias", "activation", "depth", "s", "init", "features", "domain", "parameters", "ansatz", "unknowns"];
const FLAGS = ["map_inputs", "hard"];
// What the command line takes where nothing is said.
const DEFAULTS = { output_bias: "zero", activation: "tanh" };

let worker, waiting = null, number = 0, isReady = false, zoo = new Map();

function begin() {
  isReady = false;
  worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  worker.onmessage = ({ data }) => heard(data);
  worker.onerror = (event) => failed(event.message || "the engine could not be started");
  say("The engine is loading …", true);
}

function say(text, isBusy = false) {
  $("status").textContent = text;
  $("progress").hidden = !isBusy;
  if (isBusy) $("progress").removeAttribute("value");
}

function complain(text) {
  $("problem").replaceChildren(message(text));
}

function failed(message) {
  waiting = null;
  $("stop").hidden = true;
  worker.terminate();
  say("The engine has stopped.");
  complain(`The engine has stopped: ${message.slice(0, 400)}\nIt starts again when you ask.`);
  worker = null;
}

function heard({ loaded, ready, failed: failure, id, answer, seconds }) {
  if (loaded !== undefined) {
    if (!isReady) $("progress").value = loaded;
  } else if (ready !== undefined) {
    isReady = true;
    document.documentElement.dataset.ready = ready.toFixed(2);
    if (waiting === null) say(`Ready: the engine took ${ready.toFixed(1)} s to load.`);
    else say("Working …", true);
    keep();
  } else if (failure !== undefined) {
    failed(failure);
  } else if (waiting !== null && id === waiting) {
    waiting = null;
    $("stop").hidden = true;
    answered(answer, seconds);
  }
}

function answered(answer, seconds) {
  $("problem").replaceChildren();
  $("answer").hidden = true;
  if (answer.code === 0) {
    show($("answer"), answer, edit);
    say(`${inWords(answer)} Answered in ${seconds.toFixed(2)} s.`);
  } else {
    complain(answer.messages.replace(/\n$/, ""));
    say("Not answered; the message says why.");
  }
  document.documentElement.dataset.answered = String(number);
}

// Stores the page for use without a network, once it has all it needs.
function keep() {
  if ("serviceWorker" in navigator && isSecureContext) navigator.serviceWorker.register("offline.js").catch(() => {});
}

function question() {
  const isFile = $("kind-file").checked;
  const asked = { text: $(isFile ? "file" : "equation").value };
  if (isFile) asked.is_file = true;
  for (const name of TEXTS) {
    const value = $(name).value.trim();
    if (value && value !== DEFAULTS[name]) asked[name] = value;
  }
  for (const name of FLAGS) if ($(name).checked) asked[name] = true;
  return asked;
}

function fill(asked) {
  $(asked.is_file ? "kind-file" : "kind-equation").checked = true;
  $(asked.is_file ? "file" : "equation").value = asked.text ?? "";
  for (const name of TEXTS) $(name).value = asked[name] ?? DEFAULTS[name] ?? "";
  for (const name of FLAGS) $(name).checked = Boolean(asked[name]);
  if (TEXTS.some((name) => asked[name]) || FLAGS.some((name) => asked[name])) $("more").open = true;
  turned();
}

function turned() {
  const isFile = $("kind-file").checked;
  $("file-part").hidden = !isFile;
  $("equation-part").hidden = isFile;
  $("domain").disabled = isFile; // a file has its own
}

function ask() {
  if (!worker) begin();
  const asked = question();
  if (asked.is_file) delete asked.domain;
  history.replaceState(null, "", `#${new URLSearchParams(asked)}`);
  number += 1;
  waiting = number;
  $("stop").hidden = false;
  say(isReady ? "Working …" : "The engine is loading; your question waits …", true);
  // The command line separates repeated options; here commas and lines do.
  worker.postMessage({ id: waiting, question: { ...asked, ...(asked.s ? { s: asked.s.split(/[,;]/).join("\n") } : {}) } });
}

function edit(name) {
  $("file").value = zoo.get(name) ?? "";
  $("kind-file").checked = true;
  turned();
  $("file").focus();
}

function fromAddress() {
  const given = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  if (given.text === undefined) return false;
  fill(given);
  ask();
  return true;
}

async function offer() {
  const facts = await (await fetch("facts.json")).json();
  zoo = new Map(facts.zoo.map(({ name, file }) => [name, file]));
  for (const { name, title } of facts.zoo) $("example").append(element("option", { value: name }, `${title} (${name})`));
  for (const name of facts.output_biases) $("output_bias").append(element("option", { value: name }, name));
  for (const name of facts.activations) $("activation").append(element("option", { value: name }, name));
  for (const name of facts.initialisations) $("inits").append(element("option", { value: name }));
  $("version").textContent = `Version ${facts.version}.`;
  for (const [name, value] of Object.entries(DEFAULTS)) $(name).value = value;
}

$("form").addEventListener("submit", (event) => {
  event.preventDefault();
  ask();
});
$("file").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) ask();
});
$("stop").addEventListener("click", () => {
  worker.terminate();
  waiting = null;
  $("stop").hidden = true;
  begin();
});
$("share").addEventListener("click", async () => {
  const address = new URL(`#${new URLSearchParams(question())}`, location.href).href;
  history.replaceState(null, "", address);
  try {
    await navigator.clipboard.writeText(address);
    say("The link is copied: it asks this question.");
  } catch {
    say("The link is in the address bar: it asks this question.");
  }
});
$("example").addEventListener("change", () => {
  const name = $("example").value;
  if (!name) return;
  if ($("kind-file").checked) edit(name);
  else fill({ text: name });
  ask();
});
$("form").addEventListener("reset", () => setTimeout(turned));
for (const id of ["kind-equation", "kind-file"]) $(id).addEventListener("change", turned);
addEventListener("hashchange", fromAddress);

begin();
await offer();
turned();
fromAddress();
