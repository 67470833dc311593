// Keeps the page: every file of it, as built together, is served from here once it is stored.
const FILES = ["FILES"];
const STORE = `ntk-theory-try-${"MARK"}`;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(STORE).then((store) => store.addAll(["./", ...FILES])));
});

// Runs when no page of an older version is open any more.
self.addEventListener("activate", (event) => {
  event.waitUntil(caches.keys().then((names) => Promise.all(
    names.filter((name) => name.startsWith("ntk-theory-try-") && name !== STORE).map((name) => caches.delete(name)),
  )));
});

self.addEventListener("fetch", (event) => {
  if (event.request.method !== "GET") return;
  event.respondWith(caches.open(STORE)
    .then((store) => store.match(event.request, { ignoreSearch: true }))
    .then((found) => found ?? fetch(event.request)));
});
