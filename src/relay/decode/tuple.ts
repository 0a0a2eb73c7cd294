import { invariant } from "../errors.ts";

const KIND_NULL = 0x6e; // n
const KIND_TEXT = 0x74; // t
const KIND_BINARY = 0x62; // b

/**
 * The columns of one inserted row, as ranges of the row's bytes.
 *
 * One object is used for all rows: it holds until the next `read`. The bytes it points into are the
 * row's own copy and stay.
 */
export class Tuple {
  #bytes: Uint8Array = new Uint8Array(0);
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  readonly #kinds: number[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Reads the TupleData that starts at `at`; returns where it ends. */
  read(bytes: Uint8Array, at: number): number {
    this.#bytes = bytes;
    const count = readUint16(bytes, at);
    let o = at + 2;
    for (let i = 0; i < count; i++) {
      const kind = bytes[o++];
      this.#kinds[i] = kind as number;
      if (kind === KIND_NULL) continue;
      // "unchanged TOAST" belongs to updates; an insert always carries the whole value.
      invariant(
        kind === KIND_TEXT || kind === KIND_BINARY,
        "a column of an insert is null, text or binary",
      );
      const length = readInt32(bytes, o);
      o += 4;
      this.#starts[i] = o;
      o += length;
      this.#ends[i] = o;
    }
    invariant(o <= bytes.length, "a row holds all its columns");
    this.#count = count;
    return o;
  }

  isNull(column: number): boolean {
    return this.#kinds[column] === KIND_NULL;
  }

  isBinary(column: number): boolean {
    return this.#kinds[column] === KIND_BINARY;
  }

  /** The column's bytes as they came; not for a null. */
  bytes(column: number): Uint8Array {
    return this.#bytes.subarray(this.#starts[column], this.#ends[column]);
  }
}

function readUint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

function readInt32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}
