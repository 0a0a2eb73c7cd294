import type { TreePart } from "../../../../src/relay/capture/tree.ts";

/** A partition `public.outbox_1` that was created as one, but for what is given. */
export function treePart(given: Partial<TreePart> = {}): TreePart {
  return {
    key: "1",
    link: "700",
    toast: "",
    listing: "",
    listed: "",
    version: "",
    owner: "",
    name: "public.outbox_1",
    isLate: false,
    hasRows: false,
    overlooked: "no",
    ...given,
  };
}
