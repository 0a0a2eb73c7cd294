import { ERROR } from "../../../src/kafka/error-code.ts";
import { HeaderScanner } from "../../../src/kafka/wire/header-scanner.ts";
import { readBatches } from "../../../src/kafka/wire/record-batch-reader.ts";
import { controlBatch } from "./control-batch.ts";

const ATTRIBUTE_TRANSACTIONAL = 16;
const ATTRIBUTE_CONTROL = 32;
const OUT_OF_ORDER_SEQUENCE_NUMBER = 45;
/** A broker remembers this many batches of a producer, to recognise repetitions. */
const REMEMBERED_BATCHES = 5;
const SEQUENCE_MASK = 0x7fffffff;

export interface LogEntry {
  readonly topic: string;
  readonly baseOffset: bigint;
  readonly lastOffset: bigint;
  readonly producerId: bigint;
  readonly kind: "data" | "commit" | "abort";
  readonly isTransactional: boolean;
  readonly bytes: Buffer;
}

export interface AbortedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: bigint;
  readonly lastOffset: bigint;
}

interface ProducerState {
  epoch: number;
  /** Of the newest batch; -1 when the epoch has none. */
  lastSequence: number;
  readonly batches: { readonly first: number; readonly last: number }[];
}

/** The head of a record batch (KIP-98). */
interface BatchHead {
  readonly producerId: bigint;
  readonly epoch: number;
  readonly sequence: number;
  readonly count: number;
  readonly isTransactional: boolean;
}

/**
 * One partition as its leader keeps it: records, what it knows of producers, open and aborted transactions.
 * Follows Kafka's ProducerStateManager and ProducerAppendInfo.
 */
export class PartitionLog {
  readonly topic: string;
  readonly partition: number;
  readonly entries: LogEntry[] = [];
  /** Called with each batch that counts at once, because it belongs to no transaction. */
  appended: (entry: LogEntry) => void = () => undefined;
  /** In the order in which they were aborted, which is how brokers list them. */
  readonly aborted: AbortedTransaction[] = [];
  #start = 0n;
  #end = 0n;
  readonly #producers = new Map<bigint, ProducerState>();
  /** First offset of each producer's open transaction. */
  readonly #open = new Map<bigint, bigint>();

  constructor(topic: string, partition: number) {
    this.topic = topic;
    this.partition = partition;
  }

  /** Retention, or somebody, has removed what was before. */
  get start(): bigint {
    return this.#start;
  }

  /** High watermark: everything written is replicated here. */
  get end(): bigint {
    return this.#end;
  }

  /** Last stable offset: no open transaction begins before it. */
  get stableEnd(): bigint {
    let stable = this.#end;
    for (const first of this.#open.values()) if (first < stable) stable = first;
    return stable;
  }

  /** Appends a batch, or tells why not. A repetition of a batch that is there is no error and appends nothing. */
  append(bytes: Buffer): number {
    const head = readHead(bytes);
    if (head.producerId >= 0n) {
      const state = this.#producers.get(head.producerId);
      if (state !== undefined) {
        if (isRepetition(state, head)) return ERROR.none;
        const error = sequenceError(state, head);
        if (error !== ERROR.none) return error;
      }
      this.#remember(head);
      if (head.isTransactional && !this.#open.has(head.producerId)) {
        this.#open.set(head.producerId, this.#end);
      }
    }
    this.#push(bytes, head.count, { ...head, kind: "data" });
    return ERROR.none;
  }

  /** Ends a producer's transaction here. A marker of an older epoch is refused. `atMs`: the marker's time. */
  mark(producerId: bigint, epoch: number, isCommit: boolean, atMs: number): number {
    const state = this.#producers.get(producerId);
    if (state !== undefined && epoch < state.epoch) return ERROR.invalidProducerEpoch;
    if (state === undefined || epoch > state.epoch) {
      this.#producers.set(producerId, { epoch, lastSequence: -1, batches: [] });
    }
    const firstOffset = this.#open.get(producerId);
    this.#open.delete(producerId);
    const lastOffset = this.#end;
    if (firstOffset !== undefined && !isCommit) {
      this.aborted.push({ producerId, firstOffset, lastOffset });
    }
    const kind = isCommit ? "commit" : "abort";
    this.#push(controlBatch(producerId, epoch, isCommit, atMs), 1, {
      producerId,
      isTransactional: true,
      kind,
    });
    return ERROR.none;
  }

  /** What a producer's open transaction has written here so far. */
  openEntries(producerId: bigint): LogEntry[] {
    const first = this.#open.get(producerId);
    if (first === undefined) return [];
    return this.entries
      .slice(this.#indexOf(first))
      .filter((entry) => entry.producerId === producerId && entry.kind === "data");
  }

  /** As after `producer.id.expiration.ms`: the next batch of any sequence is taken. */
  forgetProducers(): void {
    for (const id of [...this.#producers.keys()]) {
      if (!this.#open.has(id)) this.#producers.delete(id);
    }
  }

  /** Entries from the one that holds `offset` up to `end`, the first one in any case, then while they fit. */
  read(offset: bigint, end: bigint, bytesMax: number): LogEntry[] {
    const found: LogEntry[] = [];
    let bytes = 0;
    for (let i = this.#indexOf(offset); i < this.entries.length; i++) {
      const entry = this.entries[i] as LogEntry;
      bytes += entry.bytes.length;
      if (entry.baseOffset >= end || (found.length > 0 && bytes > bytesMax)) break;
      found.push(entry);
    }
    return found;
  }

  /** Moves the log's start, as retention and DeleteRecords do: what is before it cannot be read any more. */
  trim(start: bigint): void {
    if (start > this.#start) this.#start = start;
    while (this.entries[0] !== undefined && this.entries[0].lastOffset < this.#start)
      this.entries.shift();
  }

  /** Offset of the first record, of whatever kind, with that time or a later one; -1 when there is none. */
  firstSince(timestampMs: number): bigint {
    for (const { bytes } of this.entries) {
      let found = -1n;
      for (const batch of readBatches(bytes)) {
        new HeaderScanner([]).scan(batch, batch.body, (offset, ms) => {
          if (found < 0n && ms >= timestampMs && offset >= this.#start) found = offset;
        });
      }
      if (found >= 0n) return found;
    }
    return -1n;
  }

  #indexOf(offset: bigint): number {
    let low = 0;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.entries[middle] as LogEntry).lastOffset < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #remember({ producerId, epoch, sequence, count }: BatchHead): void {
    let state = this.#producers.get(producerId);
    if (state === undefined || epoch > state.epoch) {
      state = { epoch, lastSequence: -1, batches: [] };
      this.#producers.set(producerId, state);
    }
    const last = (sequence + count - 1) & SEQUENCE_MASK;
    state.lastSequence = last;
    state.batches.push({ first: sequence, last });
    if (state.batches.length > REMEMBERED_BATCHES) state.batches.shift();
  }

  #push(
    bytes: Buffer,
    count: number,
    {
      producerId,
      isTransactional,
      kind,
    }: Pick<LogEntry, "producerId" | "isTransactional" | "kind">,
  ): void {
    const own = Buffer.from(bytes);
    own.writeBigInt64BE(this.#end, 0);
    const lastOffset = this.#end + BigInt(count) - 1n;
    const entry = {
      topic: this.topic,
      baseOffset: this.#end,
      lastOffset,
      producerId,
      kind,
      isTransactional,
      bytes: own,
    };
    this.entries.push(entry);
    this.#end += BigInt(count);
    if (!isTransactional) this.appended(entry);
  }
}

function readHead(bytes: Buffer): BatchHead {
  const attributes = bytes.readInt16BE(21);
  if ((attributes & ATTRIBUTE_CONTROL) !== 0)
    throw new RangeError("clients write no control batches");
  return {
    producerId: bytes.readBigInt64BE(43),
    epoch: bytes.readInt16BE(51),
    sequence: bytes.readInt32BE(53),
    count: bytes.readInt32BE(57),
    isTransactional: (attributes & ATTRIBUTE_TRANSACTIONAL) !== 0,
  };
}

function isRepetition({ epoch, batches }: ProducerState, head: BatchHead): boolean {
  if (head.epoch !== epoch) return false;
  const last = (head.sequence + head.count - 1) & SEQUENCE_MASK;
  return batches.some((batch) => batch.first === head.sequence && batch.last === last);
}

function sequenceError(state: ProducerState, { epoch, sequence }: BatchHead): number {
  if (epoch < state.epoch) return ERROR.invalidProducerEpoch;
  const expected = epoch > state.epoch ? 0 : (state.lastSequence + 1) & SEQUENCE_MASK;
  return sequence === expected ? ERROR.none : OUT_OF_ORDER_SEQUENCE_NUMBER;
}
