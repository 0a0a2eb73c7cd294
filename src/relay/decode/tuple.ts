import { invariant } from "../errors.ts";
import { readInt32, readUint16 } from "./big-endian.ts";

const KIND_NULL = 0x6e; // n
const KIND_TEXT = 0x74; // t
const KIND_BINARY = 0x62; // b

/**
 * The columns of one inserted row, as ranges of the message that brought it.
 *
 * One object is used for all rows: it holds until the next `read`, and no longer than the driver leaves the message's
 * bytes alone.
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

  /** The message; columns are ranges of it. */
  get message(): Uint8Array {
    return this.#bytes;
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

  /** Where the column's bytes begin in `message`; not for a null. */
  start(column: number): number {
    return this.#starts[column] as number;
  }

  /** The byte after them. */
  end(column: number): number {
    return this.#ends[column] as number;
  }
}
