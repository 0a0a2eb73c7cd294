import { SAMPLE_INTERVAL_MS } from "../history.ts";
import type { Html } from "./html.ts";
import { html } from "./html.ts";
import type { Frame, Point } from "./scale.ts";
import { areaPath, linePath, niceMax } from "./scale.ts";

const HOUR_MS = 3_600_000;
const [WIDTH, HEIGHT] = [720, 160];
/** Two looks that are further apart have nothing known between them. */
const GAP_MS = 3 * SAMPLE_INTERVAL_MS;

export interface ChartSpec {
  readonly id: string;
  readonly title: string;
  /** Stands at the axis. */
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
  const frame = { fromMs: nowMs - HOUR_MS, untilMs: nowMs, max, width: WIDTH, height: HEIGHT };
  const [top, last] = [spec.format(Math.max(...values)), spec.format(values.at(-1) as number)];
  const spoken = `${spec.title} over the last hour: ${last} now, ${top} at most`;
  return html`<figure class="panel chart" aria-labelledby="${spec.id}">
<figcaption><h2 id="${spec.id}">${spec.title}</h2><p>now <b>${last}</b> · most <b>${top}</b></p></figcaption>
<div class="plot"><div class="y" aria-hidden="true"><span>${axis(spec, max)}</span><span>${axis(spec, max / 2)}</span><span>0</span></div>
${drawing(spoken, withGaps(samples), frame)}
<div class="x" aria-hidden="true"><span>60 min ago</span><span>45</span><span>30</span><span>15</span><span>now</span></div></div></figure>`;
}

function axis(spec: ChartSpec, value: number): string {
  return spec.unit === "" ? spec.format(value) : `${Number(value.toPrecision(3))} ${spec.unit}`;
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
