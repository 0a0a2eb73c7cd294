import type { System } from "../systems/system.ts";
import { median } from "./statistics.ts";

/**
 * What was measured, by name and system: the value of each turn, of which the median counts. Names: `drain.perSecond`, `drain.fromStartPerSecond`, `drain.cpuSeconds` (per million events),
 * `drain.rssMb`, `drain-small.perSecond`, `latency.1000.p50Ms`, `latency.1000.linger0.p99Ms`, `latency.1000.cpuSeconds` (per million events), `idle.rssMb`,
 * `idle.cpuPercent` (of one core), `big.perSecond` and `big.rssMb` (one transaction).
 */
export class Figures {
  readonly #turns = new Map<string, Map<System, number[]>>();

  /** A value of the next turn. */
  add(name: string, system: System, value: number): void {
    const bySystem = this.#turns.get(name) ?? new Map<System, number[]>();
    this.#turns.set(name, bySystem.set(system, [...this.turns(name, system), value]));
  }

  /** The median of the turns; undefined where nothing was measured. */
  get(name: string, system: System): number | undefined {
    const turns = this.turns(name, system);
    return turns.length === 0 ? undefined : median(turns);
  }

  /** In the order of the turns; empty where nothing was measured. */
  turns(name: string, system: System): readonly number[] {
    return this.#turns.get(name)?.get(system) ?? [];
  }

  /** In the order in which they came. */
  names(): string[] {
    return [...this.#turns.keys()];
  }

  /** The medians. */
  toJSON(): Record<string, Partial<Record<System, number>>> {
    const entries = [...this.#turns].map(([name, bySystem]) => [
      name,
      Object.fromEntries([...bySystem].map(([system, turns]) => [system, median(turns)])),
    ]);
    return Object.fromEntries(entries) as Record<string, Partial<Record<System, number>>>;
  }
}
