import type { Tuple } from "../decode/tuple.ts";
import { ascii, hexDigit } from "./ascii.ts";
import { TYPE_OID } from "./type-oid.ts";

/**
 * A column's value as bytes for Kafka: the text form in UTF-8, but raw bytes for bytea.
 * Null for SQL NULL, undefined for a type whose binary form is not known.
 */
export function columnValue(
  tuple: Tuple,
  column: number,
  typeOid: number,
): Uint8Array | null | undefined {
  if (tuple.isNull(column)) return null;
  const bytes = tuple.bytes(column);
  if (!tuple.isBinary(column)) return typeOid === TYPE_OID.bytea ? byteaFromHex(bytes) : bytes;
  switch (typeOid) {
    case TYPE_OID.text:
    case TYPE_OID.varchar:
    case TYPE_OID.bpchar:
    case TYPE_OID.json:
    case TYPE_OID.bytea:
      return bytes;
    case TYPE_OID.jsonb:
      // A version byte, 1 so far, precedes the text (jsonb_send).
      return bytes[0] === 1 ? bytes.subarray(1) : undefined;
    case TYPE_OID.uuid:
      return uuidText(bytes);
    case TYPE_OID.int2:
    case TYPE_OID.int4:
    case TYPE_OID.int8:
      return integerText(bytes);
    default:
      return undefined;
  }
}

/** `\x` and two digits a byte: `bytea_output` is pinned to hex on the stream's session. */
function byteaFromHex(text: Uint8Array): Uint8Array | undefined {
  if (text[0] !== 0x5c || text[1] !== 0x78 || text.length % 2 !== 0) return undefined;
  const bytes = new Uint8Array(text.length / 2 - 1);
  for (let i = 0; i < bytes.length; i++) {
    const high = hexDigit(text[2 * i + 2] as number);
    const low = hexDigit(text[2 * i + 3] as number);
    if (high < 0 || low < 0) return undefined;
    bytes[i] = high * 16 + low;
  }
  return bytes;
}

function uuidText(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length !== 16) return undefined;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return ascii(hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5"));
}

function integerText(bytes: Uint8Array): Uint8Array {
  const value = bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return ascii(String(BigInt.asIntN(bytes.length * 8, value)));
}
