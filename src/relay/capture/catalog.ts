/** One row of the catalogs that has a say in which rows come. */
export interface CatalogPart {
  /** All that decides: identifiers, names, operations, filters, columns. */
  readonly deciding: string;
  /** Changes with every statement that could have changed what decides, also with one that was taken back. */
  readonly touched: string;
  /** Its owner, who decides nothing; empty where it has none. */
  readonly owner: string;
}

/** The rows that have a say, by what they are: `publication x`, `table public.outbox`. */
export type Catalog = Readonly<Record<string, CatalogPart>>;
