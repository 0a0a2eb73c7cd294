const STEPS: readonly (readonly [string, number])[] = [
  ["TiB", 1024 ** 4],
  ["GiB", 1024 ** 3],
  ["MiB", 1024 ** 2],
  ["KiB", 1024],
];

/** `3.2 GiB`: for people; figures that machines read are plain bytes. */
export function formatBytes(bytes: number): string {
  const [unit, factor] = STEPS.find(([, size]) => Math.abs(bytes) >= size) ?? ["bytes", 1];
  const amount = bytes / factor;
  return `${factor === 1 ? Math.round(amount) : amount.toFixed(1)} ${unit}`;
}

/** `2 d 3 h`, `2 h 10 min`, `4 min`, `12 s`: no more than people can use. */
export function formatSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h${minutes % 60 === 0 ? "" : ` ${minutes % 60} min`}`;
  return `${Math.floor(hours / 24)} d${hours % 24 === 0 ? "" : ` ${hours % 24} h`}`;
}
