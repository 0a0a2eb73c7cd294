const DIGITS = Uint8Array.from("0123456789ABCDEF", (digit) => digit.charCodeAt(0));

/** Writes the lower 32 bits of `value` as eight upper-case hexadecimal digits in ASCII. */
export function writeHex32(bytes: Uint8Array, at: number, value: number): void {
  let rest = value >>> 0;
  for (let i = at + 7; i >= at; i--) {
    bytes[i] = DIGITS[rest & 15] as number;
    rest >>>= 4;
  }
}
