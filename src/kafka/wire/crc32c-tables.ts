const POLYNOMIAL = 0x82f63b78;
const SLICES = 8;

/**
 * CRC-32C by tables, eight bytes at a time: for platforms without the native package, at a tenth of its speed.
 * The tables take 8 KiB and are made with the object.
 */
export class Crc32cTables {
  readonly #tables: readonly Int32Array[];

  constructor() {
    this.#tables = makeTables();
  }

  /** Checksum of `bytes[from, to)` as an unsigned number. */
  of(bytes: Uint8Array, from: number, to: number): number {
    const [t0, t1, t2, t3, t4, t5, t6, t7] = this.#tables as unknown as Tables;
    let crc = -1;
    let i = from;
    for (; i + SLICES <= to; i += SLICES) {
      const low = crc ^ word(bytes, i);
      const high = word(bytes, i + 4);
      crc =
        at(t7, low & 255) ^
        at(t6, (low >>> 8) & 255) ^
        at(t5, (low >>> 16) & 255) ^
        at(t4, low >>> 24) ^
        at(t3, high & 255) ^
        at(t2, (high >>> 8) & 255) ^
        at(t1, (high >>> 16) & 255) ^
        at(t0, high >>> 24);
    }
    for (; i < to; i++) crc = (crc >>> 8) ^ at(t0, (crc ^ (bytes[i] as number)) & 255);
    return ~crc >>> 0;
  }
}

type Table = Int32Array;
type Tables = readonly [Table, Table, Table, Table, Table, Table, Table, Table];

function at(table: Table, index: number): number {
  return table[index] as number;
}

/** Little-endian. */
function word(bytes: Uint8Array, i: number): number {
  return (
    (bytes[i] as number) |
    ((bytes[i + 1] as number) << 8) |
    ((bytes[i + 2] as number) << 16) |
    ((bytes[i + 3] as number) << 24)
  );
}

function makeTables(): Int32Array[] {
  const first = new Int32Array(256);
  for (let n = 0; n < 256; n++) {
    let crc = n;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    first[n] = crc;
  }
  const tables = [first];
  for (let slice = 1; slice < SLICES; slice++) {
    const former = tables[slice - 1] as Int32Array;
    tables.push(Int32Array.from(former, (crc) => (crc >>> 8) ^ at(first, crc & 255)));
  }
  return tables;
}
