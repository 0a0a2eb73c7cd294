import { setTimeout as delay } from "node:timers/promises";
import type { Admin, ITopicConfig } from "kafkajs";

const LEADERS_DEADLINE_MS = 120_000;
const POLL_MS = 20;

/**
 * Creates topics and waits until every partition has a leader. kafkajs's own `waitForLeaders` gives
 * up where the broker that it asks has not heard of the topic yet.
 */
export async function createTopicsWithLeaders(
  admin: Admin,
  topics: readonly ITopicConfig[],
): Promise<void> {
  const names = topics.map(({ topic }) => topic);
  const deadlineMs = performance.now() + LEADERS_DEADLINE_MS;
  while (!(await areCreated(admin, topics))) {
    if (performance.now() > deadlineMs) throw new Error(`no broker yet for ${names.join(", ")}`);
    await delay(POLL_MS);
  }
  while (!(await haveLeaders(admin, names))) {
    if (performance.now() > deadlineMs) throw new Error(`no leaders yet for ${names.join(", ")}`);
    await delay(POLL_MS);
  }
}

/** False while the controller counts no broker as alive, as it does after one on a slow machine has fallen silent for a moment. */
async function areCreated(admin: Admin, topics: readonly ITopicConfig[]): Promise<boolean> {
  try {
    await admin.createTopics({ topics: [...topics], waitForLeaders: false });
    return true;
  } catch (error) {
    const { errors = [] } = error as { readonly errors?: readonly { readonly type?: string }[] };
    if (errors.some(({ type }) => type === "INVALID_REPLICATION_FACTOR")) return false;
    throw error;
  }
}

async function haveLeaders(admin: Admin, names: string[]): Promise<boolean> {
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: names });
    if (!topics.every(({ partitions }) => partitions.every(({ leader }) => leader >= 0))) {
      return false;
    }
    // A leader in the metadata may not know of it itself yet; it does once it tells its offsets.
    await Promise.all(names.map((name) => admin.fetchTopicOffsets(name)));
    return true;
  } catch (error) {
    if (error instanceof Error && "retriable" in error && error.retriable === true) return false;
    throw error;
  }
}
