import { copyField } from "../../../support/chaos/copy-field.ts";
import type { ScriptRow } from "../plan/transaction-script.ts";

/**
 * COPY that reads what the server's own shell prints: no client protocol is needed, and the rows come in one
 * multi-insert. Base64 keeps every byte away from the shell.
 */
export function copyStatement(rows: readonly ScriptRow[]): string {
  const data = Buffer.from(rows.map(copyLine).join("")).toString("base64");
  return (
    "copy outbox (id, aggregatetype, aggregateid, type, payload, headers) " +
    `from program 'echo ${data} | base64 -d'`
  );
}

function copyLine({ id, route, key, payload, headers }: ScriptRow): string {
  const fields = [id, route, key, "Written", payload, headers];
  return `${fields.map(copyField).join("\t")}\n`;
}
