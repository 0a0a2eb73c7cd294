/** The upper end of an axis: the next round number, in steps that divide well. */
export function niceMax(max: number, least: number, steps: readonly number[]): number {
  const [base = 10] = steps.slice(-1);
  let unit = 1;
  while (unit * base < Math.max(max, least)) unit *= base;
  while (unit > Math.max(max, least)) unit /= base;
  const step = steps.find((one) => unit * one >= Math.max(max, least)) ?? base;
  return unit * step;
}

export const DECIMAL = [1, 2, 4, 10] as const;
export const BINARY = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024] as const;

export interface Point {
  readonly atMs: number;
  /** Null breaks the line. */
  readonly value: number | null;
}

export interface Frame {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly max: number;
  readonly width: number;
  readonly height: number;
}

/** Path data of the line through the points, with a gap where one is null. A point alone is a line of no length: a dot. */
export function linePath(points: readonly Point[], frame: Frame): string {
  return pieces(points)
    .map((piece) => through(piece, frame) + (piece.length === 1 ? "h0" : ""))
    .join("");
}

function through(piece: readonly Known[], frame: Frame): string {
  return `M${piece.map(({ atMs, value }) => `${x(atMs, frame)} ${y(value, frame)}`).join("L")}`;
}

/** The same, closed along the bottom: one area for each unbroken piece. */
export function areaPath(points: readonly Point[], frame: Frame): string {
  return pieces(points)
    .map((piece) => {
      const [first, last] = [piece[0] as Known, piece.at(-1) as Known];
      const bottom = `L${x(last.atMs, frame)} ${frame.height}L${x(first.atMs, frame)} ${frame.height}Z`;
      return through(piece, frame) + bottom;
    })
    .join("");
}

interface Known extends Point {
  readonly value: number;
}

function pieces(points: readonly Point[]): Known[][] {
  const found: Known[][] = [[]];
  for (const { atMs, value } of points) {
    if (value === null) found.push([]);
    else found.at(-1)?.push({ atMs, value });
  }
  return found.filter((piece) => piece.length > 0);
}

function x(atMs: number, { fromMs, untilMs, width }: Frame): string {
  return round(((atMs - fromMs) / (untilMs - fromMs)) * width);
}

function y(value: number, { max, height }: Frame): string {
  return round(height - (Math.min(value, max) / max) * height);
}

function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}
