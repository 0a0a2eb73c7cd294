import { describe, expect, it } from "@jest/globals";
import { Hold } from "../../../src/relay/hold.ts";

describe("what is held while the catalog is asked", () => {
  it("comes in its order, and stops again at a row that has to be asked for", () => {
    const hold = new Hold();
    const seen: string[] = [];
    const take = (row: string) => (): void => void seen.push(row);
    const askFor = (row: string) => (): void => hold.begin(take(row));
    hold.keep(take("a"));
    hold.keep(askFor("b"));
    hold.keep(take("c"));
    expect([hold.end(), hold.isOn, seen]).toEqual([false, true, ["a"]]);
    hold.keep(take("d"));
    expect([hold.end(), hold.isOn, seen]).toEqual([true, false, ["a", "b", "c", "d"]]);
  });
});
