/**
 * A value of the row at hand: a range of bytes that somebody else owns. One object serves all rows, so it holds until
 * the next row is read.
 */
export class Field {
  bytes: Uint8Array = new Uint8Array(0);
  from = 0;
  to = 0;
  /** SQL NULL, or no such column. */
  isNull = true;

  set(bytes: Uint8Array, from: number, to: number): void {
    this.bytes = bytes;
    this.from = from;
    this.to = to;
    this.isNull = false;
  }

  setNull(): void {
    this.from = 0;
    this.to = 0;
    this.isNull = true;
  }

  get length(): number {
    return this.to - this.from;
  }

  /** The range as it is now; not for a null. */
  view(): Uint8Array {
    return this.bytes.subarray(this.from, this.to);
  }
}
