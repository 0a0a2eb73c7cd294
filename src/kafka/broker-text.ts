const CHARACTERS_MAX = 200;

/** A broker's own words for a message of ours: at most 200 characters, control characters as blanks. */
export function brokerText(text: string): string {
  const printable = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ").trim();
  return printable.length > CHARACTERS_MAX
    ? `${printable.substring(0, CHARACTERS_MAX)}...`
    : printable;
}
