import { until } from "../until.ts";

/** Calls `look` again and again for so long: an outage lasts, whatever happens in it. */
export async function during(ms: number, look: () => Promise<void>): Promise<void> {
  const endsAtMs = performance.now() + ms;
  const isOver = async (): Promise<boolean> => {
    await look();
    return performance.now() > endsAtMs;
  };
  await until(isOver, ms + 30_000, "the outage to end");
}
