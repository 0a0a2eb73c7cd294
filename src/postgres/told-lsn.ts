import type { Lsn } from "../relay/lsn.ts";
import { lsn, maxLsn } from "../relay/lsn.ts";
import { XLOG_DATA_HEADER_BYTES } from "./standby-status.ts";

const BEGIN = 0x42;
const UINT32_BITS = 32n;

/** The highest position that a server has announced. Kept in two halves: a bigint for each row would be garbage. */
export class ToldLsn {
  #high: number;
  #low: number;

  constructor(from: Lsn) {
    this.#high = Number(from >> UINT32_BITS);
    this.#low = Number(from & 0xffff_ffffn);
  }

  get value(): Lsn {
    return lsn((BigInt(this.#high) << UINT32_BITS) | BigInt(this.#low));
  }

  raise(to: Lsn): void {
    const highest = maxLsn(this.value, to);
    this.#high = Number(highest >> UINT32_BITS);
    this.#low = Number(highest & 0xffff_ffffn);
  }

  /**
   * An XLogData message at `at` tells of its WAL start, which for a commit is the end of its record; and for a BEGIN, of
   * the start of the commit record that ends the transaction.
   */
  tellOf(bytes: Buffer, at: number): void {
    this.#tell(bytes, at + 1);
    const message = at + XLOG_DATA_HEADER_BYTES;
    if (bytes[message] === BEGIN) this.#tell(bytes, message + 1);
  }

  #tell(bytes: Buffer, at: number): void {
    const high = bytes.readUInt32BE(at);
    const low = bytes.readUInt32BE(at + 4);
    if (high < this.#high || (high === this.#high && low <= this.#low)) return;
    this.#high = high;
    this.#low = low;
  }
}
