import type { RecordHeader } from "../record/outbound-record.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const NULL = [0x6e, 0x75, 0x6c, 0x6c];
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
/** First byte of `true`, `false`, arrays, objects and numbers. */
const OTHER_VALUE = /[tf[{\-0-9]/;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** Why a text gives no headers; the message completes "its headers column ...". */
export class HeaderFault extends Error {
  override readonly name = "HeaderFault";
}

/**
 * Reads a JSON object of strings and nulls, as RFC 8259 has it, into headers: in the order of the text, and a name that is
 * there twice comes twice. `JSON.parse` into an object keeps neither. Names and values are views of `bytes` wherever
 * the text holds no escape.
 */
export class HeaderScan {
  readonly #bytes: Uint8Array;
  #at = 0;
  #isUtf8 = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Nothing for a JSON null. Throws HeaderFault for whatever is no object of strings and nulls. */
  headers(): RecordHeader[] {
    this.#takes(BYTE_ORDER_MARK);
    this.#space();
    const found: RecordHeader[] = [];
    if (!this.#takes(NULL)) this.#object(found);
    this.#space();
    if (this.#at < this.#bytes.length) throw noObject();
    return found;
  }

  #object(found: RecordHeader[]): void {
    this.#expect(OPEN);
    this.#space();
    if (this.#bytes[this.#at] === CLOSE) {
      this.#at += 1;
      return;
    }
    for (;;) {
      this.#expect(QUOTE);
      const name = this.#string();
      this.#space();
      this.#expect(COLON);
      this.#space();
      found.push({ name, value: this.#value(name) });
      this.#space();
      const next = this.#bytes[this.#at++];
      if (next === CLOSE) return;
      if (next !== COMMA) throw noObject();
      this.#space();
    }
  }

  #value(name: Uint8Array): Uint8Array | null {
    const byte = this.#bytes[this.#at] ?? 0;
    if (byte === QUOTE) {
      this.#at += 1;
      return this.#string();
    }
    if (this.#takes(NULL)) return null;
    if (!OTHER_VALUE.test(String.fromCharCode(byte))) throw noObject();
    throw new HeaderFault(`has a value that is no string, at ${shown(name)}`);
  }

  /** From behind the opening quote to behind the closing one. */
  #string(): Uint8Array {
    const bytes = this.#bytes;
    const from = this.#at;
    let hasEscape = false;
    for (let at = from; at < bytes.length; at++) {
      const byte = bytes[at] as number;
      if (byte === QUOTE) {
        this.#at = at + 1;
        return hasEscape ? unescaped(bytes.subarray(from - 1, at + 1)) : bytes.subarray(from, at);
      }
      if (byte === BACKSLASH) {
        hasEscape = true;
        // A quote behind it does not end the string.
        at += 1;
      } else if (byte < 0x20) throw noObject();
      else if (byte > 0x7f) this.#mustBeUtf8();
    }
    throw noObject();
  }

  #mustBeUtf8(): void {
    if (this.#isUtf8) return;
    try {
      decoder.decode(this.#bytes);
    } catch {
      throw new HeaderFault("is not in UTF-8");
    }
    this.#isUtf8 = true;
  }

  #takes(expected: readonly number[]): boolean {
    if (expected.some((byte, index) => this.#bytes[this.#at + index] !== byte)) return false;
    this.#at += expected.length;
    return true;
  }

  #expect(byte: number): void {
    if (this.#bytes[this.#at] !== byte) throw noObject();
    this.#at += 1;
  }

  #space(): void {
    for (;;) {
      const byte = this.#bytes[this.#at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
      this.#at += 1;
    }
  }
}

/** `token`: a string with its quotes. */
function unescaped(token: Uint8Array): Uint8Array {
  let text: string;
  try {
    text = JSON.parse(decoder.decode(token)) as string;
  } catch {
    throw noObject();
  }
  if (!text.isWellFormed()) {
    throw new HeaderFault("has half of a surrogate pair, which no UTF-8 can hold");
  }
  return encoder.encode(text);
}

function noObject(): HeaderFault {
  return new HeaderFault("is no JSON object");
}

const SHOWN_CHARACTERS_MAX = 100;

/** A header's name for a message, in one line. */
export function shown(name: Uint8Array): string {
  return JSON.stringify(new TextDecoder().decode(name).substring(0, SHOWN_CHARACTERS_MAX));
}
