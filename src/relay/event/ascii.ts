/** Bytes of a text known to be ASCII: digits, names of headers, positions. */
export function ascii(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  writeAscii(bytes, 0, text);
  return bytes;
}

export function writeAscii(bytes: Uint8Array, at: number, text: string): void {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
}

/** The text of bytes; long or non-ASCII ones go through the decoder of the platform. */
export function textOf(bytes: Uint8Array): string {
  if (bytes.length > 64) return new TextDecoder().decode(bytes);
  let text = "";
  for (const byte of bytes) {
    if (byte > 0x7f) return new TextDecoder().decode(bytes);
    text += String.fromCharCode(byte);
  }
  return text;
}

/** 0 to 15, or -1 when the character is no hexadecimal digit. */
export function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

const HEX = "0123456789ABCDEF";

/** Writes `value` as eight upper-case hexadecimal digits. */
export function writeHex32(bytes: Uint8Array, at: number, value: number): void {
  for (let i = 7, rest = value; i >= 0; i--, rest >>>= 4) bytes[at + i] = HEX.charCodeAt(rest & 15);
}
