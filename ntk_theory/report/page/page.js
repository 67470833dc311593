// The size of a block against width, drawn from the numbers of the page itself; without it the pictures stay.
"use strict";
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const W = 720, H = 400, LEFT = 64, RIGHT = 150, TOP = 14, BOTTOM = 46;
  const DASHES = ["", "9 4", "3 3", "12 3 3 3", "1 4"];

  const make = (name, attributes = {}, text = "") => {
    const node = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    if (text) node.textContent = text;
    return node;
  };
  const decades = (low, high) => {
    const marks = [];
    for (let k = Math.floor(low); k <= Math.ceil(high); k++) marks.push(k);
    if (high - low < 2) return marks.flatMap((k) => [k, k + Math.log10(2), k + Math.log10(5)]);
    return marks.length > 9 ? marks.filter((_, i) => i % Math.ceil(marks.length / 8) === 0) : marks;
  };
  const shown = (x) => (x === 0 ? "0" : x >= 1e-3 && x < 1e4 ? String(+x.toPrecision(3)) : x.toExponential(2));

  function choice(words, options, parent) {
    const label = document.createElement("label");
    const select = document.createElement("select");
    for (const option of options) select.append(new Option(option, option));
    label.append(words + " ", select);
    parent.append(label);
    return select;
  }

  function draw(curves, told) {
    const svg = make("svg", { viewBox: `0 0 ${W} ${H}`, role: "group" });
    svg.setAttribute("aria-label", `Size of the block ${curves[0].block} against width, logarithmic axes`);
    const positive = curves.flatMap((c) => [...c.norm.flat(), ...(c.law || [])]).filter((x) => x > 0).map(Math.log10);
    const widths = curves.flatMap((c) => c.widths).map(Math.log10);
    if (!positive.length) {
      svg.append(make("text", { x: LEFT, y: H / 2 }, "zero at every width"));
      return svg;
    }
    const [x0, x1] = [Math.min(...widths), Math.max(...widths)];
    const [y0, y1] = [Math.min(...positive) - 0.15, Math.max(...positive) + 0.15];
    const x = (n) => LEFT + ((Math.log10(n) - x0) / (x1 - x0 || 1)) * (W - LEFT - RIGHT);
    const y = (v) => H - BOTTOM - ((Math.log10(v) - y0) / (y1 - y0)) * (H - TOP - BOTTOM);
    for (const k of decades(y0, y1)) {
      if (k < y0 || k > y1) continue;
      svg.append(make("line", { x1: LEFT, x2: W - RIGHT, y1: y(10 ** k), y2: y(10 ** k), class: "grid" }));
      svg.append(make("text", { x: LEFT - 8, y: y(10 ** k) + 4, "text-anchor": "end" }, shown(10 ** k)));
    }
    for (const n of [...new Set(curves[0].widths)]) {
      svg.append(make("text", { x: x(n), y: H - BOTTOM + 18, "text-anchor": "middle" }, String(n)));
    }
    svg.append(make("text", { x: (LEFT + W - RIGHT) / 2, y: H - 8, "text-anchor": "middle" }, "width N"));
    curves.forEach((curve, i) => {
      const colour = `var(--curve-${i % 5})`;
      const inside = curve.widths.map((n, j) => [n, curve.norm.map((q) => q[j])]).filter(([, q]) => q[1] > 0);
      const low = (q) => Math.max(q[0], 10 ** y0);
      const band = [...inside.map(([n, q]) => `${x(n)},${y(q[2])}`), ...inside.map(([n, q]) => `${x(n)},${y(low(q))}`).reverse()];
      svg.append(make("polygon", { points: band.join(" "), fill: colour, opacity: 0.15 }));
      svg.append(make("polyline", {
        points: inside.map(([n, q]) => `${x(n)},${y(q[1])}`).join(" "),
        fill: "none", stroke: colour, "stroke-width": 2, "stroke-dasharray": DASHES[i % 5],
      }));
      if (curve.law) {
        const line = curve.widths.map((n, j) => [n, curve.law[j]]).filter(([, v]) => v > 0);
        svg.append(make("polyline", {
          points: line.map(([n, v]) => `${x(n)},${y(v)}`).join(" "), fill: "none", stroke: "currentColor", opacity: 0.55,
        }));
      }
      for (const [n, q] of inside) {
        const point = make("circle", { cx: x(n), cy: y(q[1]), r: 5, fill: colour, tabindex: 0, role: "img" });
        const words = `s = ${curve.s}, N = ${n}: median ${shown(q[1])}, nine tenths above ${shown(q[0])}, one tenth above ${shown(q[2])}`;
        point.setAttribute("aria-label", words);
        const tell = () => { told.textContent = words; };
        point.addEventListener("pointerenter", tell);
        point.addEventListener("focus", tell);
        svg.append(point);
      }
      if (inside.length) {
        const [, last] = inside[inside.length - 1];
        svg.append(make("text", { x: W - RIGHT + 10, y: y(last[1]) + 4, class: "name" }, `s = ${curve.s}: ${curve.power}`));
      }
    });
    spread([...svg.querySelectorAll(".name")]);
    return svg;
  }

  // Names beside the curves, at least a line apart.
  function spread(names) {
    names.sort((a, b) => a.getAttribute("y") - b.getAttribute("y"));
    let free = TOP + 4;
    for (const name of names) {
      free = Math.max(free, +name.getAttribute("y"));
      name.setAttribute("y", free);
      free += 16;
    }
  }

  for (const place of document.querySelectorAll("[data-curves]")) {
    const every = JSON.parse(place.dataset.curves);
    const controls = document.createElement("p");
    const block = choice("block", [...new Set(every.map((c) => c.block))], controls);
    const s = choice("s", ["all", ...new Set(every.map((c) => c.s))], controls);
    const told = document.createElement("output");
    const picture = document.createElement("div");
    const renew = () => {
      told.textContent = "Point at a mark, or reach it with the tab key, for its numbers.";
      picture.replaceChildren(draw(every.filter((c) => c.block === block.value && (s.value === "all" || c.s === s.value)), told));
    };
    block.addEventListener("change", renew);
    s.addEventListener("change", renew);
    place.append(controls, picture, told);
    place.hidden = false;
    renew();
  }
})();
