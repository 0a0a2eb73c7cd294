import { pbkdf2Sync, randomBytes } from "node:crypto";
import type { BrokerRequest } from "../../../src/kafka/broker-channel.ts";
import { KafkajsChannel } from "../../../src/kafka/kafkajs-channel.ts";

const ALTER_USER_SCRAM_CREDENTIALS = 51;
const SHA_512 = 2;
const ITERATIONS = 4_096;

/** Makes a user for SCRAM-SHA-512 at a cluster that runs, over a plain listener. */
export async function addScramUser(
  brokers: readonly string[],
  user: string,
  password: string,
): Promise<void> {
  const times = { connectTimeoutMs: 5_000, requestTimeoutMs: 10_000 };
  const channel = new KafkajsChannel({ brokers, clientId: "admin", ...times });
  try {
    const answer = await channel.request("any", "coordinator", upsertion(user, password));
    // Tags of the header, throttle time, length of the results, then the error code of the first.
    const error = answer.readInt16BE(1 + 4 + 1 + 1 + user.length);
    if (error !== 0) throw new Error(`Kafka did not make the user: error ${error}`);
  } finally {
    channel.close();
  }
}

function upsertion(user: string, password: string): BrokerRequest {
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password, salt, ITERATIONS, 64, "sha512");
  const iterations = Buffer.alloc(4);
  iterations.writeInt32BE(ITERATIONS);
  const payload = Buffer.concat([
    Buffer.of(0), // Tags of the header.
    Buffer.of(1), // No deletions: lengths of compact arrays are one more.
    Buffer.of(2),
    compact(Buffer.from(user)),
    Buffer.of(SHA_512),
    iterations,
    compact(salt),
    compact(salted),
    Buffer.of(0, 0), // Tags of the upsertion and of the request.
  ]);
  return { apiKey: ALTER_USER_SCRAM_CREDENTIALS, apiVersion: 0, payload };
}

/** Below 127 bytes the length takes one byte. */
function compact(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.of(bytes.length + 1), bytes]);
}
