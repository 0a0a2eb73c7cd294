/** Bytes of a text known to be ASCII: digits, names of headers, positions. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** The decoder drops a leading byte order mark unless it is told otherwise, and two names would be one. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The text of bytes; long or non-ASCII ones go through the decoder of the platform. */
export function textOf(bytes: Uint8Array): string {
  if (bytes.length > 64) return decoder.decode(bytes);
  let text = "";
  for (const byte of bytes) {
    if (byte > 0x7f) return decoder.decode(bytes);
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
