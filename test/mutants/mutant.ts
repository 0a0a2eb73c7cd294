/** Which checks must notice a mutant. */
export type Layer =
  /** `npm run simulate` over fixed seeds. */
  | "simulation"
  /** The same with hostile brokers. */
  | "hostile"
  /** Unit tests whose path matches. */
  | { readonly unit: string }
  /** Tests with real services whose path matches. */
  | { readonly integration: string };

export interface Edit {
  /** The mutant's own unless given. */
  readonly file?: string;
  /** Must occur exactly once in the file. */
  readonly find: string;
  readonly replace: string;
}

/** One bug, as it would be written by mistake. */
export interface Mutant {
  readonly name: string;
  /** What would happen to events. */
  readonly harm: string;
  readonly file: string;
  readonly edits: readonly Edit[];
  readonly caughtBy: Layer;
}
