// SPDX-License-Identifier: Apache-2.0
// What is wrong with a page as it is laid out now: a list of sentences, each with its place.
(({ width, dark }) => {
  const SMALLEST = 9, TEXT = 4.5, LARGE_TEXT = 3, MARK = 3, WIDE = 1400;
  const faults = [];
  const numbers = (colour) => (colour.match(/[\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
  const over = ([r, g, b, a = 1], below) => [r, g, b].map((c, i) => c * a + below[i] * (1 - a));
  const luminance = (colour) => {
    const [r, g, b] = colour.map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (a, b) => {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
  const below = (element) =>
    element ? over(numbers(getComputedStyle(element).backgroundColor), below(element.parentElement))
      : [255, 255, 255];
  const name = (element) =>
    `<${element.tagName.toLowerCase()}> "${element.textContent.trim().slice(0, 40)}"`;

  for (const element of document.querySelectorAll("details")) element.open = true;
  if (document.documentElement.scrollWidth > width)
    faults.push(`the page is ${document.documentElement.scrollWidth} wide`);

  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const texts = new Set();
  while (walker.nextNode())
    if (walker.currentNode.data.trim()) texts.add(walker.currentNode.parentElement);
  for (const element of texts) {
    if (element.getClientRects().length === 0) continue;
    const style = getComputedStyle(element), inside = element instanceof SVGElement;
    const scale = inside ? Math.hypot(element.getScreenCTM().c, element.getScreenCTM().d) : 1;
    const size = parseFloat(style.fontSize) * scale;
    if (size < SMALLEST - 0.01) faults.push(`${name(element)} has ${size.toFixed(1)} px`);
    const ground = below(element);
    const ink = over(numbers(inside ? style.fill : style.color), ground);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    if (ratio(ink, ground) < (large ? LARGE_TEXT : TEXT))
      faults.push(`${name(element)} has a contrast of ${ratio(ink, ground).toFixed(2)}`);
  }

  for (const figure of document.querySelectorAll("figure")) {
    if (luminance(below(figure)) > 0.2 === dark) faults.push(`${name(figure)} does not follow the theme`);
    for (const mark of figure.querySelectorAll(".data path, svg use, i")) {
      const style = getComputedStyle(mark);
      const ink = mark.matches("i") ? style.backgroundColor : style.stroke;
      const contrast = ratio(over(numbers(ink), below(mark.parentElement)), below(figure));
      if (contrast < MARK) faults.push(`${mark.getAttribute("class")} has a contrast of ${contrast.toFixed(2)}`);
    }
  }

  for (const box of document.querySelectorAll(".graph > a"))
    if (box.scrollHeight > box.clientHeight) faults.push(`${name(box)} does not fit its box`);
  for (const svg of document.querySelectorAll(".arrows"))
    if (svg.getBoundingClientRect().height !== svg.parentElement.clientHeight)
      faults.push(`arrows do not meet the signals of ${name(svg.parentElement)}`);

  for (const sheet of document.querySelectorAll(".sheet")) {
    if (width >= WIDE && sheet.scrollWidth > sheet.clientWidth)
      faults.push(`${name(sheet.querySelector("th"))} heads a table of ${sheet.scrollWidth} px`);
    sheet.scrollLeft = 1e6;
    for (const row of sheet.querySelectorAll("tbody tr")) {
      const [first, second] = row.children;
      const box = first.getBoundingClientRect(), edge = sheet.getBoundingClientRect().left;
      if (Math.abs(box.left - edge) > 2) faults.push(`${name(first)} scrolls away`);
      sheet.scrollLeft = 0;
      if (second?.textContent && second.getBoundingClientRect().left > width - 40) faults.push(`${name(second)} is out of sight`);
      sheet.scrollLeft = 1e6;
    }
    sheet.scrollLeft = 0;
  }
  return faults;
})
