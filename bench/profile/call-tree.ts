/** A CPU profile as V8 writes it (`node --cpu-prof`). */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  /** us since the sample before. */
  readonly timeDeltas: readonly number[];
}

export interface Frame {
  readonly name: string;
  readonly url: string;
  /** us spent in it and below. */
  total: number;
  /** us spent in itself. */
  self: number;
  readonly children: Frame[];
}

const IDLE = "(idle)";
const PROGRAM = "(program)";

/** The calls between the first and the last sample in which `isAtWork` holds for a frame; time without work is left out. */
export function callTree(profile: CpuProfile, isAtWork: (url: string) => boolean): Frame {
  const frames = new Map<number, Frame>();
  const parents = new Map<number, number>();
  for (const { id, callFrame, children = [] } of profile.nodes) {
    const { functionName, url } = callFrame;
    frames.set(id, { name: functionName || "(anonymous)", url, total: 0, self: 0, children: [] });
    for (const child of children) parents.set(child, id);
  }
  for (const [child, parent] of parents) {
    frames.get(parent)?.children.push(frames.get(child) as Frame);
  }
  const path = (id: number): Frame[] => {
    const found: Frame[] = [];
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      found.push(frames.get(at) as Frame);
    }
    return found;
  };
  const working = profile.samples.map((id) => path(id).some(({ url }) => isAtWork(url)));
  for (let i = working.indexOf(true); i <= working.lastIndexOf(true) && i >= 0; i++) {
    const [self, ...callers] = path(profile.samples[i] as number);
    if (self === undefined || self.name === IDLE || self.name === PROGRAM) continue;
    const us = profile.timeDeltas[i] ?? 0;
    self.self += us;
    for (const frame of [self, ...callers]) frame.total += us;
  }
  return frames.get(profile.nodes[0]?.id ?? 0) as Frame;
}

/** Time of frames themselves, summed by what `part` calls them. */
export function sumByPart(root: Frame, part: (frame: Frame) => string): Map<string, number> {
  const sums = new Map<string, number>();
  const visit = (frame: Frame): void => {
    if (frame.self > 0) sums.set(part(frame), (sums.get(part(frame)) ?? 0) + frame.self);
    for (const child of frame.children) visit(child);
  };
  visit(root);
  return sums;
}
