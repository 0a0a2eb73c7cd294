import type { ProducerIdentity } from "../../../../src/kafka/api/init-producer-id.ts";
import { ERROR } from "../../../../src/kafka/error-code.ts";
import { ByteWriter } from "../../../../src/kafka/wire/byte-writer.ts";
import { pause } from "../../../../src/relay/clock.ts";
import type { Question } from "../model-broker.ts";
import type { PartitionLog } from "../partition-log.ts";

/** `add.partitions.to.txn.retry.backoff.ms` and how often it is waited before the client is told to ask again. */
const PARK_MS = 20;
const PARKS_MAX = 5;

interface Share {
  readonly topic: string;
  readonly partition: number;
  readonly batch: Buffer;
}

/** Produce v9 to v12. Partitions succeed and fail each for itself. */
export async function produce(question: Question): Promise<ByteWriter> {
  const { reader } = question;
  reader.tags();
  const transactionalId = reader.compactString();
  reader.int16();
  reader.int32();
  const topics = reader.compactArray(() => {
    const topic = reader.compactString() ?? "";
    const shares = reader.compactArray((): Share => {
      const partition = reader.int32();
      const batch = reader.bytes(reader.uvarint() - 1) ?? Buffer.alloc(0);
      reader.tags();
      return { topic, partition, batch };
    });
    reader.tags();
    return shares;
  });
  const errors = new Map<Share, number>();
  for (const share of topics.flat()) {
    errors.set(share, await append(question, transactionalId, share));
  }
  const writer = new ByteWriter().tags();
  writer.compactArray(topics, (shares) => {
    writer.compactString(shares[0]?.topic ?? "");
    writer.compactArray(shares, (share) =>
      writeAnswer(writer, share.partition, errors.get(share) ?? -1),
    );
    writer.tags();
  });
  return writer.int32(0).tags();
}

async function append(
  question: Question,
  transactionalId: string | null,
  { topic, partition, batch }: Share,
): Promise<number> {
  const { cluster, broker } = question;
  const log = cluster.log(topic, partition);
  const misled = cluster.leadershipError(broker, log);
  if (log === undefined || misled !== ERROR.none) return misled;
  const injected = cluster.inject(log, batch);
  if (injected !== null && !injected.isApplied) return injected.error;
  if (transactionalId !== null) {
    const refused = await admit(question, transactionalId, log, batch);
    if (refused !== ERROR.none) return refused;
    // The broker may have gone, or another one may lead, while this one waited.
    if (!cluster.isUp(broker)) return ERROR.notLeaderOrFollower;
    const moved = cluster.leadershipError(broker, log);
    if (moved !== ERROR.none) return moved;
  }
  const error = log.append(batch);
  return injected !== null && error === ERROR.none ? injected.error : error;
}

/** The newer protocol waits a while for the markers of the id's former transaction. */
async function admit(
  { cluster, clock, apiVersion }: Question,
  transactionalId: string,
  log: PartitionLog,
  batch: Buffer,
): Promise<number> {
  const identity: ProducerIdentity = {
    producerId: batch.readBigInt64BE(43),
    epoch: batch.readInt16BE(51),
  };
  for (let parks = 0; ; parks++) {
    const error = cluster.transactions.admit(transactionalId, identity, log, apiVersion >= 12);
    if (error !== ERROR.concurrentTransactions || parks >= PARKS_MAX) return error;
    await pause(clock, PARK_MS, new AbortController().signal);
  }
}

function writeAnswer(writer: ByteWriter, partition: number, error: number): void {
  writer.int32(partition).int16(error).int64(-1n).int64(-1n).int64(0n);
  writer
    .compactArray([], () => undefined)
    .compactString(null)
    .tags();
}
