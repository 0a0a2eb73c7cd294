/** What a world did, line by line, with the seconds since its beginning. */
export class Journal {
  readonly #beganMs = performance.now();
  readonly lines: string[] = [];

  note(line: string): void {
    const seconds = (performance.now() - this.#beganMs) / 1000;
    this.lines.push(`${seconds.toFixed(1)} s ${line}`);
  }
}
