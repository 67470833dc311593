// Makes the engine's memory: node freeze.mjs FOLDER, where FOLDER holds
//   node_modules/pyodide  the engine;  site.json  sources by path;  archive.py
// and gets memory.bin, the memory of an interpreter that has answered already, compressed, and loaded.json,
// the paths of what it has loaded.
//
// Two interpreters, one after the other: the first compiles, the second loads only what was compiled, so
// that its memory holds no rubbish of compiling (18 MB compressed with it, 13 MB without).
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { gzipSync } from "node:zlib";

const folder = resolve(process.argv[2]);
const engine = `${folder}/node_modules/pyodide/`;
const { loadPyodide } = await import(`${engine}pyodide.mjs`);
const sources = JSON.parse(readFileSync(`${folder}/site.json`, "utf8"));

function put(python, wanted) {
  for (const [path, text] of Object.entries(sources)) {
    if (!wanted(path)) continue;
    python.FS.mkdirTree(`/site/${path}`.replace(/\/[^/]*$/, ""));
    python.FS.writeFile(`/site/${path}`, text);
  }
}

function lap(what) {
  console.log(`${what}: ${(performance.now() / 1000).toFixed(1)} s`);
}

async function freeze() {
  const first = await loadPyodide({ indexURL: engine });
  put(first, () => true);
  first.runPython(readFileSync(`${folder}/archive.py`, "utf8"));
  const loaded = first.runPython("loaded()").toJs();
  writeFileSync(`${folder}/loaded.json`, JSON.stringify(loaded));
  const compiled = first.runPython("modules()").toJs();
  lap("compiled");

  const second = await loadPyodide({ indexURL: engine, _makeSnapshot: true });
  put(second, (path) => !path.endsWith(".py"));
  second.unpackArchive(compiled, "zip", { extractDir: "/site" });
  second.runPython('import sys; sys.path.insert(0, "/site"); import warm; from answer import answer');
  const memory = second.makeMemorySnapshot();
  writeFileSync(`${folder}/memory.bin`, gzipSync(memory, { level: 9 }));
  lap(`memory of ${(memory.length / 1e6).toFixed(0)} MB taken`);
}

// An error that nobody catches is printed with the engine's source, one line of a million characters.
try {
  await freeze();
} catch (error) {
  console.error(String(error.message).slice(-3000));
  process.exitCode = 1;
}
