/** A text such as the Secret of a user would hold, by the variable that names the file at `path`. */
export function secretText(env: Readonly<Record<string, string>>, path: string): string {
  const [variable = ""] = Object.entries(env).find(([, value]) => value === path) ?? [];
  if (variable.endsWith("_URL_FILE")) return "postgres://relay:canary@db.example.com:5432/shop\n";
  return "canary\n";
}
