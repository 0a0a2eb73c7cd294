import type { MetricObjectWithValues, MetricValueWithName } from "prom-client";
import { Counter, Gauge, Histogram } from "prom-client";
import type { ExpositionFormat } from "./exposition.ts";
import { expose } from "./exposition.ts";

/**
 * `leader`: a gauge is there while the relay holds the slot, a counter or histogram from the first time it took it. A relay
 * that only stands by has neither: 0 would be a wrong answer.
 */
export type Exporter = "every relay" | "leader";

/** One metric as people and other tests know it. */
export interface MetricDefinition {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly labels: readonly string[];
  readonly help: string;
  readonly exporter: Exporter;
  /** Heading in docs/metrics.md. */
  readonly section: string;
}

export interface MetricSpec<T extends string> {
  readonly name: string;
  readonly help: string;
  /** Those of its own; `slot` comes first where `isPerSlot`. */
  readonly labels?: readonly T[];
  readonly isPerSlot?: boolean;
  readonly exporter?: Exporter;
}

export type Labels<T extends string> = Readonly<Record<T, string>>;
/** Gives one sample of a metric that is worked out when somebody asks. */
export type Put<T extends string> = (labels: Labels<T>, value: number) => void;

/** A metric that can be asked for its samples. */
export interface Metered {
  get(): Promise<MetricObjectWithValues<MetricValueWithName<string>>>;
}

/** All metrics of one relay: what they are, and their text. Every label set is bounded where the labels are given. */
export class Meter {
  readonly #slot: string;
  readonly #metrics: { readonly definition: MetricDefinition; readonly metric: Metered }[] = [];
  #section = "";
  /** Whether this relay has held the slot since it started. */
  hasLed = false;

  constructor(slot: string) {
    this.#slot = slot;
  }

  get definitions(): readonly MetricDefinition[] {
    return this.#metrics.map(({ definition }) => definition);
  }

  /** What is added from now on stands under this heading. */
  section(title: string): void {
    this.#section = title;
  }

  /** `zeros`: label sets that begin at 0, because a series that begins with the first event hides that event from a rate. */
  counter<T extends string>(
    spec: MetricSpec<T>,
    zeros: readonly Labels<T>[] = [],
  ): (labels: Labels<T>, value?: number) => void {
    const counter = new Counter({ ...this.#config(spec), registers: [] });
    this.add("counter", spec, counter);
    const count = (labels: Labels<T>, value = 1): void => {
      counter.inc(this.#labels(spec, labels), value);
    };
    for (const labels of zeros) count(labels, 0);
    return count;
  }

  /** A counter whose totals are kept elsewhere. */
  tallied<T extends string>(spec: MetricSpec<T>, collect: (put: Put<T>) => void): void {
    const counter: Counter = new Counter({
      ...this.#config(spec),
      registers: [],
      collect: () => {
        counter.reset();
        collect((labels, value) => counter.inc(this.#labels(spec, labels), value));
      },
    });
    this.add("counter", spec, counter);
  }

  /** What is not known is absent, never 0. */
  gauge<T extends string>(spec: MetricSpec<T>, collect: (put: Put<T>) => void): void {
    const gauge: Gauge = new Gauge({
      ...this.#config(spec),
      registers: [],
      collect: () => {
        gauge.reset();
        // Without labels prom-client has a 0 in place.
        if ((spec.labels ?? []).length === 0 && spec.isPerSlot !== true) gauge.remove();
        collect((labels, value) => gauge.set(this.#labels(spec, labels), value));
      },
    });
    this.add("gauge", spec, gauge);
  }

  histogram<T extends string>(
    spec: MetricSpec<T>,
    buckets: readonly number[],
    zeros: readonly Labels<T>[] = [],
  ): (labels: Labels<T>, value: number) => void {
    const config = { ...this.#config(spec), buckets: [...buckets], registers: [] };
    const histogram = new Histogram(config);
    this.add("histogram", spec, histogram);
    for (const labels of zeros) histogram.zero(this.#labels(spec, labels));
    return (labels, value) => histogram.observe(this.#labels(spec, labels), value);
  }

  add<T extends string>(
    type: MetricDefinition["type"],
    spec: MetricSpec<T>,
    metric: Metered,
  ): void {
    const { name, help, exporter = "every relay" } = spec;
    const labels = this.#config(spec).labelNames;
    const section = this.#section;
    this.#metrics.push({ definition: { name, type, labels, help, exporter, section }, metric });
  }

  async render(format: ExpositionFormat): Promise<string> {
    const shown = this.#metrics.filter(({ definition }) => this.#isShown(definition));
    return expose(await Promise.all(shown.map(({ metric }) => metric.get())), format);
  }

  #isShown({ type, exporter }: MetricDefinition): boolean {
    return exporter === "every relay" || type === "gauge" || this.hasLed;
  }

  #labels<T extends string>(spec: MetricSpec<T>, labels: Labels<T>): Record<string, string> {
    return spec.isPerSlot === true ? { slot: this.#slot, ...labels } : labels;
  }

  #config<T extends string>({ name, help, labels = [], isPerSlot }: MetricSpec<T>) {
    const labelNames: string[] = isPerSlot === true ? ["slot", ...labels] : [...labels];
    return { name, help, labelNames };
  }
}
