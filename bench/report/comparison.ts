import type { OwnRelay } from "../systems/system.ts";
import { COUNTERPARTS, TITLES } from "../systems/system.ts";
import type { Figures } from "./figures.ts";

/** The figures of one run that are stable enough for a ratio; p99.9 is decided by few events. */
const COMPARED = /\.(?:perSecond|fromStartPerSecond|cpuSeconds|rssMb|p50Ms|p99Ms)$/;

/** One figure of a relay of this checkout, divided by the same figure of the other checkout. */
export interface Comparison {
  readonly figure: string;
  readonly system: OwnRelay;
  /** Of the medians. */
  readonly ratio: number;
  /** Of each turn, in order: the two values of a turn were measured soon after one another. */
  readonly byTurn: readonly number[];
}

/** Of those figures that both checkouts have. */
export function compare(figures: Figures): Comparison[] {
  const names = figures.names().filter((name) => COMPARED.test(name));
  const relays = Object.entries(COUNTERPARTS) as [OwnRelay, (typeof COUNTERPARTS)[OwnRelay]][];
  return relays.flatMap(([system, counterpart]) =>
    names.flatMap((figure) => {
      const [now, before] = [figures.get(figure, system), figures.get(figure, counterpart)];
      if (now === undefined || before === undefined) return [];
      const turnsBefore = figures.turns(figure, counterpart);
      const byTurn = figures.turns(figure, system).flatMap((value, turn) => {
        const other = turnsBefore[turn];
        return other === undefined ? [] : value / other;
      });
      return [{ figure, system, ratio: now / before, byTurn }];
    }),
  );
}

/** A line for each; empty without any. */
export function renderComparisons(comparisons: readonly Comparison[]): string {
  if (comparisons.length === 0) return "";
  const lines = comparisons.map(({ figure, system, ratio, byTurn }) => {
    const [lowest, highest] = [Math.min(...byTurn), Math.max(...byTurn)].map(shown);
    const range = `${lowest} to ${highest} in ${byTurn.length} ${byTurn.length === 1 ? "turn" : "turns"}`;
    return `${TITLES[system]}, ${figure}: ${shown(ratio)} (${range})\n`;
  });
  return `now / before, of the medians (and the range of the turns):\n${lines.join("")}`;
}

function shown(ratio: number): string {
  return ratio.toFixed(3);
}
