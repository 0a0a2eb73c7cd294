import type { Page } from "playwright-core";

/** WCAG 2.1 AA wants 4.5 for text that is not large. */
const CONTRAST_MIN = 4.5;

// Written as text, because they run in the browser.
const CONTRASTS = `
(() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((one) => {
      const share = one / 255;
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const backgroundOf = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] === 1) return colour;
      if (colour[3] !== 0) throw new Error("a background that is half transparent");
    }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const { parentElement: element, textContent } = walker.currentNode;
    const isShown = textContent.trim() !== "" && element.checkVisibility() && element.tagName !== "SCRIPT";
    if (!isShown) continue;
    const [a, b] = [parse(getComputedStyle(element).color), backgroundOf(element)].map(luminance);
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    found.push({ text: textContent.trim(), ratio });
  }
  return found;
})()`;

const LABELS = `
(() => {
  const problems = [];
  const named = (element) => {
    const by = element.getAttribute("aria-labelledby");
    const text = by === null ? element.getAttribute("aria-label") : document.getElementById(by)?.textContent;
    return (text ?? element.textContent ?? "").trim();
  };
  if (document.documentElement.lang === "") problems.push("the document has no language");
  if (document.title === "") problems.push("the document has no title");
  for (const tag of ["main", "h1"]) {
    if (document.querySelectorAll(tag).length !== 1) problems.push("not one " + tag);
  }
  const wanted = "a, button, section, figure, nav, [role=img], dl.figures";
  for (const element of document.querySelectorAll(wanted)) {
    if (named(element) === "") problems.push("without a name: " + element.outerHTML.slice(0, 80));
  }
  for (const svg of document.querySelectorAll("svg:not([role=img])")) problems.push("no role: " + svg.outerHTML.slice(0, 80));
  for (const by of document.querySelectorAll("[aria-labelledby]")) {
    if (document.getElementById(by.getAttribute("aria-labelledby")) === null) problems.push("label of nothing");
  }
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  if (new Set(ids).size < ids.length) problems.push("an id that stands twice");
  return problems;
})()`;

/** Texts that are hard to read, with their ratio. Throws when there is no text at all. */
export async function faintTexts(page: Page): Promise<readonly string[]> {
  const texts = (await page.evaluate(CONTRASTS)) as { text: string; ratio: number }[];
  if (texts.length < 20) throw new Error(`only ${texts.length} texts were found on the page`);
  return texts
    .filter(({ ratio }) => ratio < CONTRAST_MIN)
    .map(({ text, ratio }) => `${ratio.toFixed(2)} ${text}`);
}

/** What somebody who does not see the page would miss. */
export async function labelProblems(page: Page): Promise<readonly string[]> {
  return (await page.evaluate(LABELS)) as string[];
}

/** What has the focus and how it is outlined, one press of Tab after the other, until it leaves the page. */
export async function tabOrder(page: Page): Promise<readonly string[]> {
  const order: string[] = [];
  for (let presses = 0; presses < 20; presses++) {
    await page.keyboard.press("Tab");
    const focused = (await page.evaluate(
      `document.activeElement === document.body ? "" : document.activeElement.textContent + " (" + getComputedStyle(document.activeElement).outlineStyle + ")"`,
    )) as string;
    if (focused === "" || order.includes(focused)) break;
    order.push(focused);
  }
  return order;
}

export async function isWiderThanScreen(page: Page): Promise<boolean> {
  const wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth";
  return (await page.evaluate(wide)) as boolean;
}
