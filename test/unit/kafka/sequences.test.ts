import { describe, expect, it } from "@jest/globals";
import { advance, Sequences } from "../../../src/kafka/sequences.ts";

describe("sequence numbers", () => {
  it("wrap from 2^31-1 to 0 and count on, as the broker expects", () => {
    expect(advance(2_147_483_600, 100)).toBe(52);
    expect(advance(2_147_483_647, 1)).toBe(0);
    expect(advance(2_147_483_646, 1)).toBe(2_147_483_647);
  });

  it("run for each partition of each topic on its own", () => {
    const sequences = new Sequences();
    const taken = [
      sequences.take("a", 0, 10),
      sequences.take("a", 0, 5),
      sequences.take("a", 1, 1),
      sequences.take("b", 0, 1),
      sequences.take("a", 0, 1),
    ];
    expect(taken).toEqual([0, 10, 0, 0, 15]);
  });

  it("start from 0 again with a new producer epoch", () => {
    const sequences = new Sequences();
    sequences.take("a", 0, 10);
    sequences.reset();
    expect(sequences.take("a", 0, 1)).toBe(0);
  });
});
