import type { Registry } from "prom-client";
import { Gauge } from "prom-client";
import type { RelayView } from "./relay-view.ts";

/** Gauges that are worked out when somebody asks, from what is seen then. What is not known is absent, never 0. */
export class Gauges {
  readonly #registry: Registry;
  readonly #view: () => RelayView | null;

  constructor(registry: Registry, view: () => RelayView | null) {
    this.#registry = registry;
    this.#view = view;
  }

  add<T extends string>(
    name: string,
    help: string,
    labelNames: readonly T[],
    collect: (gauge: Gauge<T>, view: RelayView) => void,
  ): void {
    const view = this.#view;
    const gauge: Gauge<T> = new Gauge({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      collect() {
        gauge.reset();
        const seen = view();
        if (seen !== null) collect(gauge, seen);
      },
    });
  }
}
