// SPDX-License-Identifier: Apache-2.0
// What a point of a chart says when one points at it or walks to it, and buttons that copy.
"use strict";
const REACH = 28; // pixels from a point within which it is meant

const tip = document.createElement("div");
tip.className = "tip";
tip.hidden = true;
tip.role = "status";
document.body.append(tip);

const show = (plot, point) => {
  tip.hidden = !point;
  if (!point) return;
  const box = plot.getBoundingClientRect();
  tip.textContent = point.text;
  const x = box.left + point.x * box.width + window.scrollX;
  const widest = document.documentElement.clientWidth - tip.offsetWidth - 8;
  tip.style.left = `${Math.max(8, Math.min(x + 10, widest))}px`;
  tip.style.top = `${box.top + point.y * box.height + window.scrollY - tip.offsetHeight - 10}px`;
};

for (const plot of document.querySelectorAll(".plot > svg")) {
  if (!plot.querySelector("path[data-tips]")) continue;
  let points = null, chosen = -1;
  const read = () =>
    [...plot.querySelectorAll("path[data-tips]")].flatMap((path) => {
      const tips = path.dataset.tips.split("|");
      const places = [...path.getAttribute("d").matchAll(/[ML](-?[\d.]+),(-?[\d.]+)/g)];
      return places.map((place, index) => ({
        x: place[1] / 1000, y: place[2] / 1000, text: `${path.dataset.name} ${tips[index]}`,
      }));
    });
  plot.addEventListener("pointermove", (event) => {
    points ??= read();
    const box = plot.getBoundingClientRect();
    const away = (p) =>
      Math.hypot(box.left + p.x * box.width - event.clientX, box.top + p.y * box.height - event.clientY);
    const nearest = points.reduce((a, b) => (a && away(a) <= away(b) ? a : b), null);
    show(plot, nearest && away(nearest) <= REACH ? nearest : null);
  });
  plot.addEventListener("pointerleave", () => show(plot, null));
  plot.tabIndex = 0; // arrow keys go from point to point
  plot.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    points ??= read();
    chosen = chosen < 0 && step < 0 ? points.length - 1 : (chosen + step + points.length) % points.length;
    show(plot, points[chosen]);
  });
  plot.addEventListener("blur", () => show(plot, null));
}

for (const sheet of document.querySelectorAll(".sheet"))
  if (sheet.scrollWidth > sheet.clientWidth) sheet.tabIndex = 0; // keys can scroll it

// Without the clipboard of secure pages, as where a notebook serves the page, a field is copied from.
const copy = async (text) => {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const field = document.createElement("textarea");
  field.value = text;
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
};

for (const button of document.querySelectorAll("button[data-copy]")) {
  button.addEventListener("click", async () => {
    await copy(button.dataset.copy);
    button.classList.add("copied");
    setTimeout(() => button.classList.remove("copied"), 1500);
  });
}
