import type { BrokerRequest } from "../broker-channel.ts";
import { ByteWriter } from "../wire/byte-writer.ts";
import { readAnswer } from "./answer.ts";

const KEY_TRANSACTION = 1;

/** FindCoordinator v2 for one transactional id. */
export function findCoordinatorRequest(transactionalId: string): BrokerRequest {
  const payload = new ByteWriter().string(transactionalId).int8(KEY_TRANSACTION).done();
  return { apiKey: 10, apiVersion: 2, payload };
}

export function readCoordinator(response: Buffer): { error: number; broker: number } {
  return readAnswer("FindCoordinator", response, (reader) => {
    reader.int32();
    const error = reader.int16();
    reader.string();
    return { error, broker: reader.int32() };
  });
}
