import type { MetricObjectWithValues, MetricValueWithName } from "prom-client";
import type { Metered } from "./meter.ts";

type Family = MetricObjectWithValues<MetricValueWithName<string>>;

/** One label value's observations. */
export class HistogramSeries {
  readonly #bounds: readonly number[];
  readonly #counts: Float64Array;
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  /** `count` observations of the same value. */
  add(value: number, count: number): void {
    let at = 0;
    while (at < this.#bounds.length && value > (this.#bounds[at] as number)) at += 1;
    this.#counts[at] = (this.#counts[at] as number) + count;
    this.#sum += value * count;
  }

  samples(name: string, labels: Readonly<Record<string, string>>): MetricValueWithName<string>[] {
    let below = 0;
    const buckets = [...this.#counts].map((count, at) => {
      below += count;
      const bound = this.#bounds[at];
      const le = bound === undefined ? "+Inf" : String(bound);
      return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: below };
    });
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels: { ...labels }, value: this.#sum },
      { metricName: `${name}_count`, labels: { ...labels }, value: below },
    ];
  }
}

/** A histogram whose series are kept elsewhere, because prom-client takes one observation at a time. */
export class CountedHistogram implements Metered {
  readonly #head: { readonly name: string; readonly help: string };
  readonly #series: () => Iterable<readonly [Readonly<Record<string, string>>, HistogramSeries]>;

  constructor(
    head: { readonly name: string; readonly help: string },
    series: () => Iterable<readonly [Readonly<Record<string, string>>, HistogramSeries]>,
  ) {
    this.#head = head;
    this.#series = series;
  }

  get(): Promise<Family> {
    const { name, help } = this.#head;
    const values = [...this.#series()].flatMap(([labels, one]) => one.samples(name, labels));
    return Promise.resolve({ name, help, type: "histogram", values } as unknown as Family);
  }
}
