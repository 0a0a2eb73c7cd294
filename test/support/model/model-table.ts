import type { ModelRow } from "./model-postgres.ts";
import type { ColumnValue } from "./pgoutput-bytes.ts";

export const MODEL_COLUMNS = ["id", "aggregatetype", "aggregateid", "type", "payload"].map(
  (name) => ({ name, typeOid: 25 }),
);

/** The same at a time at which `type` was an enum, whose binary form the relay does not know. */
export const ENUM_COLUMNS = MODEL_COLUMNS.map(({ name, typeOid }) => ({
  name,
  typeOid: name === "type" ? 16_400 : typeOid,
}));

/** A row of that time, in a binary stream or in text. */
export function enumValues(row: ModelRow, isBinary: boolean): ColumnValue[] {
  return modelValues(row).map((value, column) =>
    isBinary && value !== null && column === TYPE ? Buffer.from(value) : value,
  );
}

const TYPE = MODEL_COLUMNS.findIndex(({ name }) => name === "type");

/** A row's values, in the order of the columns. */
export function modelValues({ id, key, payload, route }: ModelRow): (string | null)[] {
  const value = payload === undefined ? `{"id":"${id}"}` : payload;
  return [id, route ?? "order", key, "placed", value];
}
