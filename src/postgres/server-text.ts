/** Long enough for each text that the server itself writes; a name may make it longer. */
const CHARACTERS_MAX = 200;

/**
 * Classes of SQLSTATE whose primary message names settings, objects and limits. Left out are those whose texts quote
 * values: data (22), constraints (23), check options (44), and what functions of users raise (38, 39, P0).
 */
const PLAIN_CLASSES = new Set([
  "08",
  "0A",
  "25",
  "28",
  "34",
  "3D",
  "3F",
  "40",
  "42",
  "53",
  "54",
  "55",
  "57",
  "58",
  "F0",
  "XX",
]);

/**
 * The server's own message in one printable line, bounded; empty where it may quote values of rows. Never the detail,
 * which quotes more.
 */
export function serverText({
  code,
  message,
}: {
  readonly code: string;
  readonly message: string;
}): string {
  if (!PLAIN_CLASSES.has(code.substring(0, 2))) return "";
  const line = message.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escaped).toWellFormed();
  return line.length <= CHARACTERS_MAX ? line : `${line.substring(0, CHARACTERS_MAX)}...`;
}

/** `SQLSTATE 53100: could not extend file`, or the code alone where the text is not to be shown. */
export function stateText(error: { readonly code: string; readonly message: string }): string {
  const text = serverText(error);
  return `SQLSTATE ${error.code}${text === "" ? "" : `: ${text}`}`;
}

function escaped(character: string): string {
  return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`;
}
