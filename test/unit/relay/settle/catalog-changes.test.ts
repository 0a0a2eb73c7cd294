import { describe, expect, it } from "@jest/globals";
import type { Catalog } from "../../../../src/relay/capture/catalog.ts";
import { catalogFaults } from "../../../../src/relay/settle/catalog-changes.ts";

const PUBLICATION = { deciding: "inserts", touched: "700", owner: "10" };
const TABLE = { deciding: "16400", touched: "690", owner: "10" };
const FORMER: Catalog = { "publication p": PUBLICATION, "table public.outbox": TABLE };

describe("changes of the catalogs", () => {
  it("that were taken back are told beside a table that is new in RELAY_TABLES", () => {
    const now: Catalog = {
      "publication p": { ...PUBLICATION, touched: "710" },
      "table public.outbox": TABLE,
      "table public.outbox2": TABLE,
    };
    const faults = catalogFaults(FORMER, now, true);
    expect(faults.map(({ code }) => code)).toEqual(["PUBLICATION_CHANGED", "PUBLICATION_CHANGED"]);
    expect(faults[0]?.message).toContain("public.outbox2 is new in RELAY_TABLES");
    expect(faults[1]?.message).toContain("publication p was altered");
  });

  it("that decide are told once, and a new part is no change that was taken back", () => {
    const now: Catalog = {
      "publication p": { deciding: "updates", touched: "710", owner: "10" },
      "table public.outbox": TABLE,
      "member of p public.outbox2": TABLE,
    };
    expect(catalogFaults(FORMER, now, false)).toHaveLength(1);
  });

  it("that a new owner explains are no fault", () => {
    const now: Catalog = {
      ...FORMER,
      "publication p": { ...PUBLICATION, touched: "710", owner: "20" },
    };
    expect(catalogFaults(FORMER, now, false)).toEqual([]);
  });
});
