import { invariant } from "../errors.ts";

/** A leading byte order mark is a part of the name. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Reads big-endian fields of one message; running past its end is a broken message, not a wrong value. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = at;
  }

  uint8(): number {
    return this.#view.getUint8(this.#skip(1));
  }

  uint16(): number {
    return this.#view.getUint16(this.#skip(2));
  }

  int32(): number {
    return this.#view.getInt32(this.#skip(4));
  }

  uint32(): number {
    return this.#view.getUint32(this.#skip(4));
  }

  /** A string that ends with a zero byte, as Postgres writes names. */
  name(): string {
    const end = this.#bytes.indexOf(0, this.#at);
    invariant(end >= 0, "a name in a pgoutput message ends with a zero byte");
    const text = decoder.decode(this.#bytes.subarray(this.#at, end));
    this.#at = end + 1;
    return text;
  }

  #skip(count: number): number {
    const at = this.#at;
    invariant(at + count <= this.#bytes.length, "a pgoutput message holds all its fields");
    this.#at = at + count;
    return at;
  }
}
