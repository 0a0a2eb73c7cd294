/** A stretch of the mixed load. `rows` written at once, or `rate` a second in transactions of one row; or nothing. */
export interface Phase {
  readonly name: string;
  readonly seconds: number;
  readonly rate?: number;
  readonly burst?: { readonly rows: number; readonly perTransaction: number };
}

/** Quiet, steady, busy, bursts and large transactions, over and over: about four minutes each time. */
export const CYCLE: readonly Phase[] = [
  { name: "one a second", seconds: 20, rate: 1 },
  { name: "steady", seconds: 40, rate: 200 },
  { name: "quiet", seconds: 20 },
  { name: "busy", seconds: 40, rate: 1_000 },
  { name: "burst", seconds: 15, burst: { rows: 50_000, perTransaction: 100 } },
  { name: "very busy", seconds: 40, rate: 5_000 },
  { name: "large transaction", seconds: 20, burst: { rows: 200_000, perTransaction: 200_000 } },
  { name: "small transactions", seconds: 15, burst: { rows: 20_000, perTransaction: 1 } },
  { name: "quiet", seconds: 20 },
];

/** How many rows a phase writes. */
export function rowsOf({ seconds, rate = 0, burst }: Phase): number {
  return rate * seconds + (burst?.rows ?? 0);
}
