import type { Socket } from "node:net";
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
  readonly socket?: Socket;
  readonly clientId: string;
  readonly sasl: unknown;
  readonly requestQueue: KafkajsQueue;
  /** How long the broker lets us go on before it wants to be convinced again, ms; 0: for ever. */
  readonly sessionLifetime: { toString(): string };
  /** That much of it is left when we do. */
  reauthenticationThreshold: number;
  isConnected(): boolean;
  connect(): Promise<unknown>;
  isAuthenticated(): boolean;
  authenticate(): Promise<void>;
  nextCorrelationId(): number;
  /** Ours: shared by everybody who waits for this connection. */
  connecting?: Promise<unknown> | undefined;
  /** Ours: everybody who sends meanwhile waits for it, in the order they came. */
  authenticating?: Promise<void> | undefined;
}

interface KafkajsQueue {
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests: () => void;
  push(request: QueuedRequest): void;
  rejectAll(error: Error): void;
  destroy(): void;
}

interface QueuedRequest {
  readonly entry: {
    readonly apiKey: number;
    readonly apiName: string;
    readonly apiVersion: number;
    readonly correlationId: number;
    readonly resolve: (answer: { readonly payload: Buffer }) => void;
    readonly reject: (error: unknown) => void;
  };
  readonly expectResponse: boolean;
  readonly requestTimeout: null;
  readonly sendRequest: () => void;
}

export function createCluster(kafka: Kafka): KafkajsCluster {
  const members = kafka as unknown as Record<symbol, unknown>;
  const symbol = Object.getOwnPropertySymbols(kafka).find(
    ({ description }) => description === "private:Kafka:createCluster",
  );
  const create = symbol === undefined ? undefined : members[symbol];
  if (typeof create !== "function")
    throw new Error("kafkajs is not the version this was written for");
  const options = {
    metadataMaxAge: 300_000,
    allowAutoTopicCreation: false,
    maxInFlightRequests: null,
  };
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

/** Whether any of its connections is open. */
export function isConnected({ connectionPool }: KafkajsBroker): boolean {
  return connectionPool.pool.some((connection) => connection.isConnected());
}

/** Rejects what is under way and cuts the sockets; kafkajs's own `disconnect` would wait for the answers. */
export function hangUp(broker: KafkajsBroker, reason: Error): void {
  forEachConnection(broker, ({ requestQueue, socket }) => {
    requestQueue.rejectAll(reason);
    requestQueue.destroy();
    socket?.destroy();
  });
}

export interface SendHooks {
  /** The request was handed to the operating system. */
  readonly sent: () => void;
  /** Asked last thing before that: false once the broker was given up while the request waited for a connection. */
  readonly isWanted: () => boolean;
}

/**
 * Sends over one of the broker's two connections; opens the second one when it is first needed. Builds the frame
 * itself, because kafkajs would copy the body twice.
 */
export async function sendRequest(
  { connectionPool }: KafkajsBroker,
  lane: number,
  request: BrokerRequest,
  { sent, isWanted }: SendHooks,
): Promise<Buffer> {
  const connection = connectionPool.pool[lane] as KafkajsConnection;
  if (!connection.isConnected()) await open(connection, lane);
  if (connection.sasl !== null) await authenticated(connection);
  if (!isWanted()) throw new Error("the connection was given up");
  const correlationId = connection.nextCorrelationId();
  const head = frameHead(request, correlationId, connection.clientId);
  const { apiKey, apiVersion, payload } = request;
  const answer = await new Promise<{ readonly payload: Buffer }>((resolve, reject) => {
    const entry = { apiKey, apiName: `api-${apiKey}`, apiVersion, correlationId, resolve, reject };
    connection.requestQueue.push({
      entry,
      expectResponse: true,
      requestTimeout: null,
      sendRequest: () => {
        writeFrame(connection, head, payload);
        sent();
      },
    });
  });
  return answer.payload;
}

/** A connection that was open once is never opened again: its parser may hold part of an answer. */
async function open(connection: KafkajsConnection, lane: number): Promise<void> {
  const wasOpen = connection.socket !== undefined && connection.connecting === undefined;
  if (lane === 0 || wasOpen) throw new Error("the connection was lost");
  connection.connecting ??= connection.connect();
  await connection.connecting;
  connection.connecting = undefined;
}

/** Share of a session that may be left when it is renewed; Java's client renews after 85 to 95 %. */
const RENEWAL_SHARE = 0.2;

/**
 * The broker ends a connection that goes on past its session. While it is renewed the broker takes nothing else on this
 * connection, so that senders wait; what was sent before is answered in its turn.
 */
async function authenticated(connection: KafkajsConnection): Promise<void> {
  if (connection.authenticating === undefined) {
    if (connection.isAuthenticated()) return;
    connection.authenticating = authenticate(connection);
  }
  await connection.authenticating;
}

async function authenticate(connection: KafkajsConnection): Promise<void> {
  try {
    await connection.authenticate();
    renewInTime(connection);
  } finally {
    // Only once all that wait have gone on: a newcomer must not overtake them.
    setImmediate(() => {
      connection.authenticating = undefined;
    });
  }
}

/** kafkajs renews 10 s before the end, however short a session is. */
export function renewInTime(connection: KafkajsConnection): void {
  const lifetimeMs = Number(connection.sessionLifetime.toString());
  connection.reauthenticationThreshold = Math.floor(lifetimeMs * RENEWAL_SHARE);
}

/** Size, then the request header v1; flexible requests have its empty tag section at the start of their payload. */
function frameHead(request: BrokerRequest, correlationId: number, clientId: string): Buffer {
  const idBytes = Buffer.byteLength(clientId);
  const head = Buffer.allocUnsafe(14 + idBytes);
  head.writeInt32BE(head.length - 4 + request.payload.length, 0);
  head.writeInt16BE(request.apiKey, 4);
  head.writeInt16BE(request.apiVersion, 6);
  head.writeInt32BE(correlationId, 8);
  head.writeInt16BE(idBytes, 12);
  head.write(clientId, 14);
  return head;
}

function writeFrame({ socket }: KafkajsConnection, head: Buffer, payload: Buffer): void {
  socket?.cork();
  socket?.write(head);
  socket?.write(payload);
  socket?.uncork();
}
