/** Of a name, an id or a value that somebody else chose. */
const SHOWN_CHARS_MAX = 100;
/** Of a whole sentence. */
export const SENTENCE_CHARS_MAX = 2_048;

/**
 * Text that somebody else has a part in (a row, a catalog, a broker, a server), fit for a message, a log, a page or a
 * terminal: what a terminal obeys, what ends a line and what turns the direction of reading is written as an escape, and
 * what is longer than `charsMax` is cut and says how long it was.
 */
export function inert(text: string, charsMax: number = SENTENCE_CHARS_MAX): string {
  const isLong = text.length > charsMax;
  const kept = isLong ? text.substring(0, charsMax) : text;
  let shown = "";
  for (const char of kept) shown += isInert(char.codePointAt(0) as number) ? char : escaped(char);
  return isLong ? `${shown}... (${text.length} characters)` : shown;
}

/** A name, an id or a value inside a sentence. */
export function shown(text: string): string {
  return inert(text, SHOWN_CHARS_MAX);
}

/** Ranges of code points that are not shown as they are, first and last: controls, line ends, marks of direction, lone surrogates. */
const ESCAPED: readonly (readonly [number, number])[] = [
  [0x00, 0x1f],
  [0x7f, 0x9f],
  [0x061c, 0x061c],
  [0x200e, 0x200f],
  [0x2028, 0x202e],
  [0x2066, 0x2069],
  [0xd800, 0xdfff],
];

function isInert(point: number): boolean {
  return !ESCAPED.some(([first, last]) => point >= first && point <= last);
}

/** As JSON writes it; all of them have four digits. */
function escaped(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
