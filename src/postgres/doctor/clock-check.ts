import type { Check } from "../../relay/check.ts";
import type { Finding } from "../../relay/finding.ts";
import type { Ask } from "../preflight/read-facts.ts";
import { check } from "./question.ts";

/** Lag is told in seconds, so a second is where a clock begins to lie. */
const SKEW_MS_MAX = 1_000;

/** How far the server's clock is from ours, give or take half a round trip. `nowMs`: ms since 1970. */
export async function clockCheck(ask: Ask, nowMs: () => number): Promise<Check> {
  const beforeMs = nowMs();
  const [row] = await ask<{ atMs: string }>(
    `select (extract(epoch from clock_timestamp()) * 1000)::bigint::text as "atMs"`,
    [],
  );
  const afterMs = nowMs();
  const roundTripMs = afterMs - beforeMs;
  const skewMs = Math.round(Number(row?.atMs) - (beforeMs + roundTripMs / 2));
  return check("clocks", "lag is this host's clock less the commit time on the server's", {
    seen: `the server's is ${Math.abs(skewMs)} ms ${skewMs < 0 ? "behind" : "ahead"}, within ${Math.ceil(roundTripMs / 2)} ms`,
    findings: [skewFinding(skewMs, roundTripMs / 2)],
  });
}

export function skewFinding(skewMs: number, uncertaintyMs: number): Finding | null {
  if (Math.abs(skewMs) - uncertaintyMs <= SKEW_MS_MAX) return null;
  return {
    code: "CLOCK_SKEW",
    severity: "warning",
    message: `the clocks of this host and of Postgres differ by ${Math.abs(skewMs)} ms`,
    hint: "Synchronise both (NTP). relay_lag_seconds and the records' timestamps are off by as much until then; nothing is lost by it.",
  };
}
