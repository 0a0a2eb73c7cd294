/** A connection string, taken apart around its hosts: `host1:5432,host2:5433`. */
export interface HostList {
  /** Scheme, user and password. */
  readonly before: string;
  /** Never empty; one empty text where the string names no host. */
  readonly hosts: readonly string[];
  /** Database and parameters. */
  readonly behind: string;
}

const URL_PARTS = /^(postgres(?:ql)?:\/\/(?:[^/?#]*@)?)([^/?#]*)(.*)$/s;

/** Null for a text that is no connection string. Only the hosts are looked at; the rest may still be wrong. */
export function takeHosts(url: string): HostList | null {
  const [, before, hosts, behind] = URL_PARTS.exec(url) ?? [];
  if (before === undefined || hosts === undefined || behind === undefined) return null;
  return { before, hosts: hosts.split(","), behind };
}

export function putHosts({ before, hosts, behind }: HostList): string {
  return `${before}${hosts.join(",")}${behind}`;
}

/** The same for the host with that number alone: such a string is a URL. */
export function withHost(list: HostList, index: number): string {
  return putHosts({ ...list, hosts: [list.hosts[index] ?? ""] });
}
