/** A broker by its id, or any one that answers. */
export type BrokerId = number | "any";

/**
 * Which connection of a broker a request takes. A broker reads the next request of a connection only after
 * it has answered the last one, so coordinator requests must not queue behind Produce.
 */
export type Lane = "data" | "coordinator";

export interface BrokerRequest {
  readonly apiKey: number;
  readonly apiVersion: number;
  /** The body; in flexible versions the request header's empty tag section, one zero byte, comes first. */
  readonly payload: Buffer;
}

export interface BrokerAddress {
  readonly id: number;
  readonly host: string;
  readonly port: number;
}

/** Bytes to a broker and back: all that the produce path needs of a client library. */
export interface BrokerChannel {
  /** Whether the last request was answered. */
  readonly isReachable: boolean;
  /** Where `any` was connected last, as `host:port`, for messages; left out where there is none. */
  readonly bootstrap?: string | undefined;
  /** Brokers with an open connection. */
  readonly connectedBrokers: number;
  /**
   * Resolves with the response after its correlation id. Rejects with RelayError (remedy `retry`): then
   * nobody knows whether the broker carried the request out, and the connection is not used again.
   * `sent` is called once the request was handed to the operating system, if it comes to that.
   */
  request(broker: BrokerId, lane: Lane, request: BrokerRequest, sent?: () => void): Promise<Buffer>;
  /** What metadata says of the brokers; others are hung up on. */
  setBrokers(brokers: readonly BrokerAddress[]): void;
  /** Cuts every connection at once; requests under way reject. A later request connects again. */
  close(): void;
}
