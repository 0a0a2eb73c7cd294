import type { Step } from "./step.ts";
import type { WorldPlan } from "./world-plan.ts";

/** What is away is put back, as by somebody who takes a change back; steps without an object do nothing. */
export function restoringSteps({ tables }: WorldPlan): readonly Step[] {
  const ids = tables.flatMap(({ id, relations }) => [id, ...relations.map((one) => one.id)]);
  return [
    ...ids.flatMap((on): Step[] => [
      { do: "rename-back", on },
      { do: "set-schema-back", on },
    ]),
    ...tables.flatMap(({ id: on }): Step[] => [
      { do: "swap-back", on },
      { do: "rename-columns-back", on },
      { do: "add-headers", on },
    ]),
    { do: "publication", change: "create" },
    ...tables.map(({ id: on }): Step => ({ do: "publish", on })),
  ];
}

/** A few rows for each table, by which a relay shows that it publishes again. */
export function lastWrites({ tables }: WorldPlan): readonly Step[] {
  return tables.map((table): Step => {
    const place = table.relations.find((one) => !one.isLate && one.place !== null)?.place;
    return {
      do: "insert",
      into: table.id,
      rows: 2,
      place: place ?? { region: "a", bucket: 0 },
      how: "one-statement",
      end: "commit",
      isTxidNull: false,
    };
  });
}
