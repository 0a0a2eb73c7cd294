/** For a program whose host's wall clock is `apartMs` ahead of all others (negative: behind); timers go on as they do. */
export function clockApart(apartMs: number): { readonly NODE_OPTIONS: string } {
  const code = `const now = Date.now; Date.now = () => now() + ${apartMs};`;
  return { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(code)}` };
}
