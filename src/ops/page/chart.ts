import { SAMPLE_INTERVAL_MS } from "../history.ts";
import type { Html } from "./html.ts";
import { html } from "./html.ts";
import type { Frame, Point } from "./scale.ts";
import { areaPath, linePath, niceMax } from "./scale.ts";

const MINUTE_MS = 60_000;
/** A relay that was just started shows a shorter time, or its line would be a dot at the edge. */
const WINDOWS_MIN = [10, 30, 60];
const [WIDTH, HEIGHT] = [720, 160];
/** Two looks that are further apart have nothing known between them. */
const GAP_MS = 3 * SAMPLE_INTERVAL_MS;

export interface ChartSpec {
  readonly id: string;
  readonly title: string;
  /** Stands behind the figures of the axis; empty where `format` is to write them. */
  readonly unit: string;
  /** Upper end of the axis at least. */
  readonly least: number;
  readonly steps: readonly number[];
  readonly format: (value: number) => string;
  /** Instead of a line, where there is nothing to draw. */
  readonly empty: string;
}

/** A line over the last hour, drawn here, so that it is there without any script. */
export function chart(spec: ChartSpec, samples: readonly Point[], nowMs: number): Html {
  const values = samples.flatMap(({ value }) => (value === null ? [] : [value]));
  if (values.length === 0) {
    return html`<figure class="panel chart" aria-labelledby="${spec.id}">
<figcaption><h2 id="${spec.id}">${spec.title}</h2></figcaption>
<p class="empty">${spec.empty}</p></figure>`;
  }
  const max = niceMax(Math.max(...values), spec.least, spec.steps);
  const minutes = windowMinutes(samples, nowMs);
  const fromMs = nowMs - minutes * MINUTE_MS;
  const frame = { fromMs, untilMs: nowMs, max, width: WIDTH, height: HEIGHT };
  const [top, last] = [spec.format(Math.max(...values)), spec.format(values.at(-1) as number)];
  const spoken = `${spec.title} over the last ${minutes} minutes: ${last} now, ${top} at most`;
  return html`<figure class="panel chart" aria-labelledby="${spec.id}">
<figcaption><h2 id="${spec.id}">${spec.title}</h2><p>last <b>${last}</b> · most <b>${top}</b></p></figcaption>
<div class="plot"><div class="y" aria-hidden="true"><span>${axis(spec, max)}</span><span>${axis(spec, max / 2)}</span><span>0</span></div>
${drawing(spoken, withGaps(samples.filter(({ atMs }) => atMs >= fromMs)), frame)}
<div class="x" aria-hidden="true"><span>−${minutes} min</span>${[0.75, 0.5, 0.25].map((share) => html`<span>−${minutes * share}</span>`)}<span>now</span></div></div></figure>`;
}

function windowMinutes(samples: readonly Point[], nowMs: number): number {
  const ageMs = nowMs - (samples[0]?.atMs ?? nowMs);
  const [longest = 60] = WINDOWS_MIN.slice(-1);
  return WINDOWS_MIN.find((minutes) => ageMs <= minutes * MINUTE_MS) ?? longest;
}

function axis(spec: ChartSpec, value: number): string {
  if (spec.unit === "") return spec.format(value);
  return `${value.toLocaleString("en", { maximumSignificantDigits: 3 })}${spec.unit}`;
}

function drawing(spoken: string, points: readonly Point[], frame: Frame): Html {
  const grid = [0, 0.5, 1].map((share) => `M0 ${HEIGHT * share}H${WIDTH}`).join("");
  return html`<svg role="img" aria-label="${spoken}" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none">
<path class="grid" d="${grid}"/><path class="area" d="${areaPath(points, frame)}"/><path class="line" d="${linePath(points, frame)}"/></svg>`;
}

/** Where a look is missing the line is broken. */
function withGaps(samples: readonly Point[]): Point[] {
  return samples.flatMap((point, at) => {
    const before = samples[at - 1];
    const isGap = before !== undefined && point.atMs - before.atMs > GAP_MS;
    return isGap ? [{ atMs: point.atMs, value: null }, point] : [point];
  });
}
