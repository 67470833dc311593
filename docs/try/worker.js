// The engine: an interpreter whose memory was taken after it had loaded everything (docs/try/freeze.mjs).
// It answers one question at a time, on a thread of its own; nothing it is asked is evaluated.
import { loadPyodide } from "./engine/pyodide.mjs";

const ENGINE = new URL("./engine/", import.meta.url).href;
const PATH = "/site/ntk_theory/symbolic/zoo/";

async function fetched(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  return response;
}

// The bytes of a packed file. A server may or may not have unpacked what it took for compressed.
async function unpacked(body) {
  const [looked, used] = body.tee();
  const reader = looked.getReader();
  const { value } = await reader.read();
  reader.cancel();
  const isPacked = value[0] === 0x1f && value[1] === 0x8b;
  const stream = isPacked ? used.pipeThrough(new DecompressionStream("gzip")) : used;
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// The body of a response; how much of it has come is told.
function told(response) {
  const total = Number(response.headers.get("content-length")) || 0;
  let loaded = 0;
  return response.body.pipeThrough(new TransformStream({
    transform(chunk, controller) {
      loaded += chunk.length;
      if (total) postMessage({ loaded: Math.min(1, loaded / total) });
      controller.enqueue(chunk);
    },
  }));
}

async function start() {
  const memory = fetched(`${ENGINE}memory.bin`).then(told).then(unpacked);
  const facts = fetched(new URL("./facts.json", import.meta.url)).then((response) => response.json());
  const python = await loadPyodide({ indexURL: ENGINE, _loadSnapshot: memory });
  python.FS.mkdirTree(PATH);
  for (const { name, file } of (await facts).zoo) python.FS.writeFile(`${PATH}${name}.toml`, file);
  return python;
}

// What is in no memory: a module that no question before this one has asked for.
async function fill(python) {
  const packed = await fetched(`${ENGINE}reserve.bin`);
  const reserve = JSON.parse(new TextDecoder().decode(await unpacked(packed.body)));
  for (const [path, text] of Object.entries(reserve)) {
    python.FS.mkdirTree(`/site/${path}`.replace(/\/[^/]*$/, ""));
    python.FS.writeFile(`/site/${path}`, text);
  }
  python.runPython("import importlib; importlib.invalidate_caches()");
}

let isFilled = false;

async function answered(python, question) {
  const answer = python.globals.get("answer");
  try {
    const found = JSON.parse(answer(JSON.stringify(question)));
    if (found.lacking === undefined) return found;
    if (isFilled) throw new Error(found.lacking);
    isFilled = true;
    await fill(python);
    return JSON.parse(answer(JSON.stringify(question)));
  } finally {
    answer.destroy();
  }
}

const begin = performance.now();
const engine = start();
let turn = engine.then(
  () => postMessage({ ready: (performance.now() - begin) / 1000 }),
  (error) => postMessage({ failed: String(error.message ?? error) }),
);

onmessage = ({ data: { id, question } }) => {
  turn = turn.then(async () => {
    const asked = performance.now();
    try {
      const answer = await answered(await engine, question);
      postMessage({ id, answer, seconds: (performance.now() - asked) / 1000 });
    } catch (error) {
      postMessage({ id, failed: String(error.message ?? error) });
    }
  });
};
