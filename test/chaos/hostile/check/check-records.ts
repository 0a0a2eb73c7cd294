import type pg from "pg";
import { checkDelivery, firstOccurrences } from "../../../support/relay/delivery-check.ts";
import type { ReadRecord } from "../../../support/relay/topic-reader.ts";
import type { WorldPlan } from "../plan/world-plan.ts";
import type { Failure, FailureKind } from "./failure.ts";

/** What differs between the table and what a read_committed consumer sees. Exactly once: not even the repetitions of at-least-once delivery. */
export async function checkRecords(
  client: pg.Client,
  { delivery }: Pick<WorldPlan, "delivery">,
  records: readonly ReadRecord[],
): Promise<Failure[]> {
  const isOnce = delivery === "exactly-once";
  const seen = isOnce ? records : firstOccurrences(records);
  const report = await checkDelivery(client, "outbox", seen);
  const found: readonly (readonly [FailureKind, number])[] = [
    ["lost", report.lost],
    ["twice", report.duplicated],
    ["invented", report.phantom],
    ["disordered", report.outOfOrder],
  ];
  return found
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => ({
      kind,
      what: `${count} of ${report.committed} rows; ${report.published} records`,
    }));
}
