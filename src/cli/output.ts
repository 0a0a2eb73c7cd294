/** Where a command writes. */
export interface Output {
  stdout(text: string): void;
  stderr(text: string): void;
}

export const OUTPUT: Output = {
  stdout: (text) => void process.stdout.write(text),
  stderr: (text) => void process.stderr.write(text),
};
