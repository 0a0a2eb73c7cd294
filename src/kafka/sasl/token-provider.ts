/** Where OAUTHBEARER tokens come from. */
export interface TokenProvider {
  /** A token that is good for some time yet. Rejects with RelayError, whose text never holds a secret. */
  token(): Promise<string>;
  /** The broker refused the last one: the next must be another. */
  forget(): void;
}
