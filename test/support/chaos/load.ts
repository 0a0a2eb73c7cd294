import { expect } from "@jest/globals";
import { ALL_DELIVERED, checkDelivery, firstOccurrences } from "../relay/delivery-check.ts";
import type { RelayFixture } from "../relay/fixture.ts";
import type { RelayProcess } from "../relay/relay-process.ts";
import { until } from "../until.ts";

/** Within this time after the last fault a relay is through with everything, unattended. */
export const RECOVERY_MS = 40_000;
/** R, L, P, D and O: the relay comes back by itself in time, and each committed row is there once and in its place. */
export async function expectAllDelivered(
  fixture: RelayFixture,
  relay: RelayProcess,
  recoveryMs = RECOVERY_MS,
): Promise<void> {
  await relay.reaches("streaming", null, recoveryMs);
  await fixture.caughtUp(relay, recoveryMs);
  expect(await fixture.delivery()).toMatchObject(ALL_DELIVERED);
}

/** The same for at-least-once delivery, where an event may come again after a fault, with its id and position. */
export async function expectAllDeliveredAtLeastOnce(
  fixture: RelayFixture,
  relay: RelayProcess,
): Promise<void> {
  await relay.reaches("streaming", null, RECOVERY_MS);
  await fixture.caughtUp(relay, RECOVERY_MS);
  const records = await fixture.read();
  const once = firstOccurrences(records);
  const places = records.map(({ headers }) => `${headers["id"]} ${headers["position"]}`);
  expect(new Set(places).size).toBe(once.length);
  expect(await checkDelivery(fixture.client, "outbox", once)).toMatchObject(ALL_DELIVERED);
}

/** Waits until the relay has published so many events more. */
export async function publishes(relay: RelayProcess, more: number): Promise<void> {
  const { events } = await relay.status();
  await until(
    async () => (await relay.status()).events.published >= events.published + more,
    RECOVERY_MS,
    () => `${more} more events\n${relay.output}`,
  );
}
