import { describe, expect, it } from "@jest/globals";
import type { CpuProfile } from "../../../bench/profile/call-tree.ts";
import { callTree, sumByPart } from "../../../bench/profile/call-tree.ts";
import { flameGraph } from "../../../bench/profile/flame-graph.ts";
import { PART_COLORS, partOf } from "../../../bench/profile/parts.ts";

const frame = (functionName: string, url = "") => ({ functionName, url });

/** Start-up, then work in two branches with a pause between, then the end. */
const PROFILE: CpuProfile = {
  nodes: [
    { id: 1, callFrame: frame("(root)"), children: [2, 3, 5, 6] },
    { id: 2, callFrame: frame("compile", "node:internal/loader") },
    { id: 3, callFrame: frame("push", "file:///app/dist/postgres/copy-frames.js"), children: [4] },
    { id: 4, callFrame: frame("message<T>", "file:///app/dist/relay/intake.js") },
    { id: 5, callFrame: frame("(garbage collector)") },
    { id: 6, callFrame: frame("(idle)") },
  ],
  samples: [2, 4, 6, 5, 3, 4, 2],
  timeDeltas: [900, 30, 500, 10, 20, 40, 700],
};

describe("the profile of a drain", () => {
  const tree = callTree(PROFILE, (url) => url.includes("/relay/intake"));

  it("counts what lies between the first and the last row, without idle time", () => {
    expect(tree.total).toBe(100);
    const [, push] = tree.children;
    expect(push).toMatchObject({ name: "push", self: 20, total: 90 });
    expect(push?.children[0]).toMatchObject({ self: 70, total: 70 });
  });

  it("is summed by part", () => {
    expect(Object.fromEntries(sumByPart(tree, partOf))).toEqual({
      capture: 20,
      "rows to records": 70,
      "garbage collection": 10,
    });
  });

  it("becomes a picture with a box for each frame, its share in the tip, and names escaped", () => {
    const svg = flameGraph(tree, "a & b", partOf, PART_COLORS);
    expect(svg).toContain("<title>push 90.0 %</title>");
    expect(svg).toContain("message&lt;T&gt; 70.0 %");
    expect(svg).toContain("a &amp; b");
    expect(svg).not.toContain("compile");
  });
});
