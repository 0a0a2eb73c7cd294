/** Takes what a command writes, and keeps it to be read. */
export class CapturedOutput {
  readonly written = { stdout: "", stderr: "" };

  readonly stdout = (text: string): void => {
    this.written.stdout += text;
  };

  readonly stderr = (text: string): void => {
    this.written.stderr += text;
  };
}
