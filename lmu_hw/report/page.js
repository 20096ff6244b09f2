// SPDX-License-Identifier: Apache-2.0
// What a point of a chart says when one points at it, and buttons that copy.
"use strict";
const REACH = 28; // pixels from a point within which it is meant

const tip = document.createElement("div");
tip.className = "tip";
tip.hidden = true;
document.body.append(tip);

for (const plot of document.querySelectorAll(".plot > svg")) {
  let points = null;
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
    tip.hidden = nearest === null || away(nearest) > REACH;
    if (tip.hidden) return;
    tip.textContent = nearest.text;
    const x = box.left + nearest.x * box.width + window.scrollX;
    const widest = document.documentElement.clientWidth - tip.offsetWidth - 8;
    tip.style.left = `${Math.max(8, Math.min(x + 10, widest))}px`;
    tip.style.top = `${box.top + nearest.y * box.height + window.scrollY - tip.offsetHeight - 10}px`;
  });
  plot.addEventListener("pointerleave", () => { tip.hidden = true; });
}

for (const button of document.querySelectorAll("button[data-copy]")) {
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.classList.add("copied");
    setTimeout(() => button.classList.remove("copied"), 1500);
  });
}
