import type { ModelRow } from "./model-postgres.ts";

export const MODEL_COLUMNS = ["id", "aggregatetype", "aggregateid", "type", "payload"].map(
  (name) => ({ name, typeOid: 25 }),
);

/** A row's values, in the order of the columns. */
export function modelValues({ id, key, payload, route }: ModelRow): (string | null)[] {
  const value = payload === undefined ? `{"id":"${id}"}` : payload;
  return [id, route ?? "order", key, "placed", value];
}
