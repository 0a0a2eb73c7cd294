import type { Kafka } from "kafkajs";
import type { BrokerRequest } from "./broker-channel.ts";

/**
 * The members of kafkajs 2.2.4 that are not public and that we use. The version is pinned exactly, and
 * `createCluster` fails at once where one is missing.
 */
export interface KafkajsCluster {
  readonly rootLogger: unknown;
  readonly connectionPoolBuilder: {
    build(address: { readonly host: string; readonly port: number }): Promise<KafkajsPool>;
  };
  readonly brokerPool: {
    createBroker(options: {
      readonly connectionPool: KafkajsPool;
      readonly logger: unknown;
      readonly nodeId: number;
    }): KafkajsBroker;
  };
}

export interface KafkajsBroker {
  readonly connectionPool: KafkajsPool;
  /** Connects the first connection, asks for versions, authenticates. */
  connect(): Promise<void>;
}

interface KafkajsPool {
  readonly pool: readonly KafkajsConnection[];
}

interface KafkajsConnection {
  readonly socket?: { destroy(): void };
  readonly requestQueue: KafkajsQueue;
  isConnected(): boolean;
  connect(): Promise<unknown>;
  send(exchange: unknown): Promise<Buffer>;
  /** Ours: shared by everybody who waits for this connection. */
  connecting?: Promise<unknown> | undefined;
}

interface KafkajsQueue {
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests: () => void;
  rejectAll(error: Error): void;
  destroy(): void;
}

export function createCluster(kafka: Kafka): KafkajsCluster {
  const members = kafka as unknown as Record<symbol, unknown>;
  const symbol = Object.getOwnPropertySymbols(kafka).find(
    ({ description }) => description === "private:Kafka:createCluster",
  );
  const create = symbol === undefined ? undefined : members[symbol];
  if (typeof create !== "function") throw new Error("kafkajs is not the version this was written for");
  const options = { metadataMaxAge: 300_000, allowAutoTopicCreation: false, maxInFlightRequests: null };
  const cluster = (create as (options: object) => KafkajsCluster)(options);
  const isFit =
    typeof cluster.connectionPoolBuilder?.build === "function" &&
    typeof cluster.brokerPool?.createBroker === "function";
  if (!isFit) throw new Error("kafkajs is not the version this was written for");
  return cluster;
}

export function forEachConnection(
  { connectionPool }: KafkajsBroker,
  visit: (connection: KafkajsConnection) => void,
): void {
  for (const connection of connectionPool.pool) visit(connection);
}

/** Rejects what is under way and cuts the sockets; kafkajs's own `disconnect` would wait for the answers. */
export function hangUp(broker: KafkajsBroker, reason: Error): void {
  forEachConnection(broker, ({ requestQueue, socket }) => {
    requestQueue.rejectAll(reason);
    requestQueue.destroy();
    socket?.destroy();
  });
}

/** Sends over one of the broker's two connections; opens the second one when it is first needed. */
export async function sendRequest(
  { connectionPool }: KafkajsBroker,
  lane: number,
  { apiKey, apiVersion, payload }: BrokerRequest,
): Promise<Buffer> {
  const connection = connectionPool.pool[lane] as KafkajsConnection;
  if (!connection.isConnected()) {
    // A connection that was open once is never opened again: its parser may hold part of an answer.
    if (lane === 0 || connection.socket !== undefined && connection.connecting === undefined) {
      throw new Error("the connection was lost");
    }
    connection.connecting ??= connection.connect();
    await connection.connecting;
    connection.connecting = undefined;
  }
  return connection.send({
    request: {
      apiKey,
      apiName: `api-${apiKey}`,
      apiVersion,
      expectResponse: () => true,
      encode: () => Promise.resolve({ buf: payload, buffer: payload }),
    },
    response: { decode: decodeResponse, parse: parseResponse },
    logResponseError: false,
  });
}

/** The throttle time is acted on by the caller, who knows where it stands in the response. */
function decodeResponse(bytes: Buffer): Promise<{ bytes: Buffer; clientSideThrottleTime: number }> {
  return Promise.resolve({ bytes, clientSideThrottleTime: 0 });
}

function parseResponse({ bytes }: { readonly bytes: Buffer }): Promise<Buffer> {
  return Promise.resolve(bytes);
}
