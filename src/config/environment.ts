export type Environment = Readonly<Record<string, string | undefined>>;

/** The process's environment. Nothing else reads it, so that every setting has one way in. */
export function environment(): Environment {
  return process.env;
}
