import type { Tuple } from "../decode/tuple.ts";
import { TYPE_OID } from "../decode/type-oid.ts";
import { ascii, hexDigit } from "./ascii.ts";
import type { Field } from "./field.ts";

/**
 * Points `field` to a column's value as bytes for Kafka: the text form in UTF-8, but raw bytes for bytea.
 * False for a type whose binary form is not known, and for a value that is broken.
 */
export function readColumn(field: Field, tuple: Tuple, column: number, typeOid: number): boolean {
  if (tuple.isNull(column)) {
    field.setNull();
    return true;
  }
  const start = tuple.start(column);
  const end = tuple.end(column);
  if (!tuple.isBinary(column)) {
    if (typeOid === TYPE_OID.bytea) return set(field, byteaFromHex(tuple.message, start, end));
    field.set(tuple.message, start, end);
    return true;
  }
  return readBinary(field, tuple.message, start, end, typeOid);
}

function readBinary(
  field: Field,
  message: Uint8Array,
  start: number,
  end: number,
  typeOid: number,
): boolean {
  switch (typeOid) {
    case TYPE_OID.text:
    case TYPE_OID.varchar:
    case TYPE_OID.bpchar:
    case TYPE_OID.json:
    case TYPE_OID.bytea:
      field.set(message, start, end);
      return true;
    case TYPE_OID.jsonb:
      // A version byte, 1 so far, precedes the text (jsonb_send).
      field.set(message, start + 1, end);
      return message[start] === 1;
    case TYPE_OID.uuid:
      return set(field, uuidText(message, start, end));
    case TYPE_OID.int2:
    case TYPE_OID.int4:
    case TYPE_OID.int8:
      return set(field, integerText(message.subarray(start, end)));
    default:
      return false;
  }
}

function set(field: Field, bytes: Uint8Array | undefined): boolean {
  if (bytes === undefined) return false;
  field.set(bytes, 0, bytes.length);
  return true;
}

/** `\x` and two digits a byte: `bytea_output` is pinned to hex on the stream's session. */
function byteaFromHex(text: Uint8Array, start: number, end: number): Uint8Array | undefined {
  if (text[start] !== 0x5c || text[start + 1] !== 0x78 || (end - start) % 2 !== 0) return undefined;
  const bytes = new Uint8Array((end - start) / 2 - 1);
  for (let i = 0; i < bytes.length; i++) {
    const high = hexDigit(text[start + 2 * i + 2] as number);
    const low = hexDigit(text[start + 2 * i + 3] as number);
    if (high < 0 || low < 0) return undefined;
    bytes[i] = high * 16 + low;
  }
  return bytes;
}

const UUID_BYTES = 16;
const UUID_TEXT_BYTES = 36;
const HEX_DIGITS = ascii("0123456789abcdef");
const DASH = 0x2d;
/** Bytes of a UUID before which its text has a dash. */
const DASHED: ReadonlySet<number> = new Set([4, 6, 8, 10]);

function uuidText(bytes: Uint8Array, start: number, end: number): Uint8Array | undefined {
  if (end - start !== UUID_BYTES) return undefined;
  const text = new Uint8Array(UUID_TEXT_BYTES);
  let at = 0;
  for (let i = 0; i < UUID_BYTES; i++) {
    const byte = bytes[start + i] as number;
    if (DASHED.has(i)) text[at++] = DASH;
    text[at++] = HEX_DIGITS[byte >>> 4] as number;
    text[at++] = HEX_DIGITS[byte & 15] as number;
  }
  return text;
}

function integerText(bytes: Uint8Array): Uint8Array {
  const value = bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return ascii(String(BigInt.asIntN(bytes.length * 8, value)));
}
