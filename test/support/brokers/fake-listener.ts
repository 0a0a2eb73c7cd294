import type { Server, Socket } from "node:net";
import { createServer } from "node:net";
import { ByteWriter } from "../../../src/kafka/wire/byte-writer.ts";
import { MODEL_SINK_OPTIONS } from "./sink-options.ts";

const API_VERSIONS = 18;
const METADATA = 3;
const UNKNOWN_TOPIC = 3;

/** API keys with the highest version that a listener offers. */
export type OfferedApis = Readonly<Record<number, number>>;

export const KAFKA_4_BROKER: OfferedApis = {
  0: 13,
  1: 17,
  3: 13,
  10: 6,
  18: 4,
  19: 7,
  22: 5,
  32: 4,
};
/** A controller of KRaft: no Produce, no Metadata; Vote and BrokerRegistration. */
export const KRAFT_CONTROLLER: OfferedApis = {
  1: 17,
  18: 4,
  19: 7,
  32: 4,
  52: 1,
  55: 2,
  62: 4,
  63: 1,
};
export const EVENT_HUBS: OfferedApis = { 0: 7, 1: 11, 3: 8, 10: 3, 18: 3, 19: 4, 22: 4, 32: 2 };
export const SCHEMA_SERVICE: OfferedApis = { 3: 9, 18: 3 };

export interface Advertised {
  readonly id: number;
  readonly host: string;
  readonly port: number;
}

/** What answers at an address of ours: bytes for each request of a connection, null to hang up, undefined to say nothing. */
export type Answering = (apiKey: number, apiVersion: number) => Buffer | null | undefined;

/** A listener on loopback that speaks as much of Kafka's protocol as a test wants; `close` ends its connections, too. */
export class FakeListener {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(onSocket: (socket: Socket) => void) {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => this.#sockets.delete(socket));
      onSocket(socket);
    });
  }

  static async start(onSocket: (socket: Socket) => void): Promise<FakeListener> {
    const listener = new FakeListener(onSocket);
    await new Promise<void>((resolve) => {
      listener.#server.listen(0, "127.0.0.1", resolve);
    });
    return listener;
  }

  /** One that answers each request by `answering`. */
  static kafka(answering: Answering): Promise<FakeListener> {
    return FakeListener.start((socket) => FakeListener.serve(socket, answering));
  }

  /** Answers the requests of one connection. */
  static serve(socket: Socket, answering: Answering): void {
    serve(socket, answering);
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function serve(socket: Socket, answering: Answering): void {
  let pending = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 4 && pending.length >= 4 + pending.readInt32BE(0)) {
      const end = 4 + pending.readInt32BE(0);
      const [apiKey, apiVersion] = [pending.readInt16BE(4), pending.readInt16BE(6)];
      const correlation = pending.readInt32BE(8);
      pending = pending.subarray(end);
      const body = answering(apiKey, apiVersion);
      if (body === undefined) continue;
      if (body === null) return void socket.destroy();
      const head = new ByteWriter()
        .int32(4 + body.length)
        .int32(correlation)
        .done();
      socket.write(Buffer.concat([head, body]));
    }
  });
}

/** ApiVersions and Metadata v8 of a listener with these APIs, whose cluster has these brokers and no checkpoint topic yet; hangs up on all else. */
export function offering(apis: OfferedApis, brokers: readonly Advertised[] = []): Answering {
  return (apiKey, apiVersion) => {
    if (apiKey === API_VERSIONS) return versions(apis, apiVersion);
    return apiKey === METADATA && apis[METADATA] !== undefined ? metadata(brokers) : null;
  };
}

function versions(apis: OfferedApis, apiVersion: number): Buffer {
  const offered = Object.entries(apis).map(([key, max]) => [Number(key), max] as const);
  const writer = new ByteWriter().int16(0);
  if (apiVersion >= 3) {
    writer.compactArray(offered, ([key, max]) => writer.int16(key).int16(0).int16(max).tags());
    return writer.int32(0).tags().done();
  }
  writer.array(offered, ([key, max]) => writer.int16(key).int16(0).int16(max));
  return (apiVersion >= 1 ? writer.int32(0) : writer).done();
}

function metadata(brokers: readonly Advertised[]): Buffer {
  const writer = new ByteWriter().int32(0);
  writer.array(brokers, ({ id, host, port }) =>
    writer.int32(id).string(host).int32(port).string(null),
  );
  writer.string("cluster").int32(brokers[0]?.id ?? -1);
  return writer
    .array([MODEL_SINK_OPTIONS.checkpointTopic], (topic) =>
      writer.int16(UNKNOWN_TOPIC).string(topic).boolean(false).int32(0).int32(0),
    )
    .int32(0)
    .done();
}
