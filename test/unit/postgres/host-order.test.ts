import { describe, expect, it } from "@jest/globals";
import { hostSessions } from "../../../src/postgres/host-list.ts";
import { HostOrder } from "../../../src/postgres/host-order.ts";
import type { ErrorCode } from "../../../src/relay/errors.ts";
import { RelayError } from "../../../src/relay/errors.ts";

const SESSIONS = hostSessions("postgres://h1,h2,h3/d", "relay");

function hosts(order: HostOrder): string[] {
  return order.of(SESSIONS).map(({ address }) => address.host);
}

function learn(order: HostOrder, index: number, code: ErrorCode): void {
  const address = SESSIONS[index]?.address ?? null;
  order.learn(SESSIONS, address, new RelayError("no", { code, remedy: "halt", hint: "look" }));
}

describe("the order of hosts", () => {
  it("is that of the list, whatever faults come", () => {
    const order = new HostOrder();
    learn(order, 0, "POSTGRES_UNREACHABLE");
    learn(order, 0, "GAP_SLOT_ADVANCED");
    order.learn(SESSIONS, null, new Error("a bug"));
    expect(hosts(order)).toEqual(["h1", "h2", "h3"]);
  });

  it("begins behind a server of another lineage, from then on", () => {
    const order = new HostOrder();
    learn(order, 0, "LINEAGE_REWOUND");
    expect(hosts(order)).toEqual(["h2", "h3", "h1"]);
    learn(order, 2, "LINEAGE_FOREIGN");
    expect(hosts(order)).toEqual(["h1", "h2", "h3"]);
  });

  it("means nothing to a single host", () => {
    const order = new HostOrder();
    const single = SESSIONS.slice(1, 2);
    learn(order, 0, "LINEAGE_REWOUND");
    expect(order.of(single)).toEqual(single);
  });
});
