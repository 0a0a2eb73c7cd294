import type { Frame } from "./call-tree.ts";

const WIDTH = 1200;
const ROW = 17;
/** Frames narrower than this share are left out. */
const SHARE_MIN = 0.002;
const CHARACTER = 6.6;

/** A picture of where time goes: width is time, what stands on top was called by what is below. */
export function flameGraph(
  root: Frame,
  title: string,
  part: (frame: Frame) => string,
  colors: ReadonlyMap<string, string>,
): string {
  const boxes: string[] = [];
  let depthMax = 0;
  const draw = (frame: Frame, x: number, depth: number): void => {
    const width = (frame.total / root.total) * WIDTH;
    if (width < SHARE_MIN * WIDTH) return;
    depthMax = Math.max(depthMax, depth);
    boxes.push(box(frame, { x, depth, width }, root.total, colors.get(part(frame)) ?? "#ccc"));
    let at = x;
    for (const child of frame.children.toSorted((a, b) => b.total - a.total)) {
      draw(child, at, depth + 1);
      at += (child.total / root.total) * WIDTH;
    }
  };
  let at = 0;
  for (const child of root.children.toSorted((a, b) => b.total - a.total)) {
    draw(child, at, 0);
    at += (child.total / root.total) * WIDTH;
  }
  const legend = [...colors].map(([name, color], i) => legendBox(name, color, i));
  const height = (depthMax + 1) * ROW + 70;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="Helvetica, Arial, sans-serif" font-size="11">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<text x="8" y="20" font-size="14" fill="#222">${escape(title)}</text>`,
    ...legend,
    `<g transform="translate(0 ${height - ROW}) scale(1 1)">`,
    ...boxes,
    "</g>",
    "</svg>",
    "",
  ].join("\n");
}

interface Place {
  readonly x: number;
  readonly depth: number;
  readonly width: number;
}

function box(frame: Frame, { x, depth, width }: Place, total: number, color: string): string {
  const y = -depth * ROW;
  const percent = ((frame.total / total) * 100).toFixed(1);
  const letters = Math.floor((width - 6) / CHARACTER);
  const shown = letters < 3 ? "" : frame.name.slice(0, letters);
  const text =
    shown === "" ? "" : `<text x="${round(x + 3)}" y="${y + 12}">${escape(shown)}</text>`;
  return `<g><title>${escape(frame.name)} ${percent} %</title><rect x="${round(x)}" y="${y}" width="${round(width - 0.5)}" height="${ROW - 1}" fill="${color}"/>${text}</g>`;
}

function legendBox(name: string, color: string, index: number): string {
  const x = 8 + index * 148;
  return `<rect x="${x}" y="32" width="12" height="12" fill="${color}"/><text x="${x + 17}" y="42" fill="#222">${escape(name)}</text>`;
}

function round(value: number): string {
  return value.toFixed(1);
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
