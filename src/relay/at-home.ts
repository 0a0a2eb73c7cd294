import type { Vantage } from "./capture/source-database.ts";
import type { RelayError } from "./errors.ts";
import { reachedLsn } from "./progress.ts";
import type { Checkpoint } from "./settle/checkpoint.ts";
import type { Verdict } from "./settle/continuity.ts";
import { throwStrange } from "./settle/continuity.ts";

/**
 * Turns away a relay that looks at a server which the checkpoint is not of, before anybody is fenced. A WAL that ended
 * before the checkpoint grows past it by what is written next, and looks right then: that it was seen is kept, until the
 * checkpoint is another one.
 */
export class AtHome {
  #rewound: { readonly fault: RelayError; readonly of: Checkpoint } | null = null;

  /** Throws the RelayError that says so. `checkpoint` was read before `seen`. */
  assert(verdict: Verdict, checkpoint: Checkpoint | null, seen: Vantage): void {
    if (checkpoint !== null && verdict.kind === "halt" && isBehind(checkpoint, seen)) {
      this.#rewound = { fault: verdict.fault, of: checkpoint };
    }
    throwStrange(verdict);
    if (this.#rewound === null) return;
    if (checkpoint !== null && isSame(checkpoint, this.#rewound.of)) throw this.#rewound.fault;
    this.#rewound = null;
  }
}

/** Whether the server's WAL ends before what was published of it. */
function isBehind(checkpoint: Checkpoint, { systemId, timeline, watermark }: Vantage): boolean {
  const isOfIt = checkpoint.systemId === systemId && checkpoint.timeline === timeline;
  return isOfIt && watermark.lsn < reachedLsn(checkpoint);
}

function isSame(a: Checkpoint, b: Checkpoint): boolean {
  return a.at === b.at && a.instance === b.instance && a.decision === b.decision;
}
