import type { BrokerRequest } from "../broker-channel.ts";
import { ERROR } from "../error-code.ts";
import { ByteWriter } from "../wire/byte-writer.ts";
import { brokenAnswer, readAnswer } from "./answer.ts";
import type { ProducerIdentity } from "./init-producer-id.ts";

/** AddPartitionsToTxn v2; from v4 on it is for brokers. Only the older transaction protocol needs it. */
export function addPartitionsRequest(
  transactionalId: string,
  { producerId, epoch }: ProducerIdentity,
  partitionsByTopic: ReadonlyMap<string, readonly number[]>,
): BrokerRequest {
  const writer = new ByteWriter().string(transactionalId).int64(producerId).int16(epoch);
  writer.array([...partitionsByTopic], ([topic, partitions]) => {
    writer.string(topic).array(partitions, (partition) => writer.int32(partition));
  });
  return { apiKey: 24, apiVersion: 2, payload: writer.done() };
}

export interface PartitionAdded {
  readonly topic: string;
  readonly partition: number;
  readonly error: number;
}

/** One answer for each partition asked for. */
export function readAddPartitions(response: Buffer): PartitionAdded[] {
  return readAnswer("AddPartitionsToTxn", response, (reader) => {
    reader.int32();
    const answers = reader.array(() => {
      const topic = reader.string() ?? "";
      return reader.array(() => ({ topic, partition: reader.int32(), error: reader.int16() }));
    });
    return answers.flat();
  });
}

/**
 * The answer that says why nothing was added; null where all that was asked for is added. Of a refused partition the broker says
 * why, of the others only that they were not tried. Throws RelayError for an answer that leaves a partition out.
 */
export function refusedPartition(
  asked: readonly { readonly topic: string; readonly partition: number }[],
  answers: readonly PartitionAdded[],
): PartitionAdded | null {
  const refused = answers.filter(({ error }) => error !== ERROR.none);
  const told = refused.find(({ error }) => error !== ERROR.operationNotAttempted) ?? refused[0];
  if (told !== undefined) return told;
  const added = new Set(answers.map(nameOf));
  const missing = asked.find((one) => !added.has(nameOf(one)));
  if (missing === undefined) return null;
  throw brokenAnswer(`AddPartitionsToTxn without ${nameOf(missing)}`);
}

function nameOf({ topic, partition }: Pick<PartitionAdded, "topic" | "partition">): string {
  return `${topic}-${partition}`;
}
