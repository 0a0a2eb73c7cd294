import type { System } from "../systems/system.ts";

/**
 * What was measured, by name and system. Names: `drain.perSecond`, `drain.fromStartPerSecond`, `drain.cpuSeconds` (per million events),
 * `drain.rssMb`, `drain-small.perSecond`, `latency.1000.p50Ms`, `latency.1000.linger0.p99Ms`, `idle.rssMb`,
 * `idle.cpuPercent` (of one core), `big.perSecond` and `big.rssMb` (one transaction).
 */
export class Figures {
  readonly #values = new Map<string, Map<System, number>>();

  set(name: string, system: System, value: number): void {
    const bySystem = this.#values.get(name) ?? new Map<System, number>();
    this.#values.set(name, bySystem.set(system, value));
  }

  get(name: string, system: System): number | undefined {
    return this.#values.get(name)?.get(system);
  }

  /** In the order in which they came. */
  names(): string[] {
    return [...this.#values.keys()];
  }

  toJSON(): Record<string, Partial<Record<System, number>>> {
    const entries = [...this.#values].map(([name, bySystem]) => [
      name,
      Object.fromEntries(bySystem),
    ]);
    return Object.fromEntries(entries) as Record<string, Partial<Record<System, number>>>;
  }
}
