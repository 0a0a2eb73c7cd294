const HELP = `Usage: outbox-relay [command]

Publishes committed rows of a Postgres outbox table to Kafka, exactly once and in commit order.

Commands
  run                     tail the slot and publish until SIGTERM (the default)
  migrate up              create the outbox table and its publication
  migrate status [--json] tell what is applied and what is missing
  migrate print           write the SQL to stdout, for those who apply it themselves
  slot create             make the slot of a relay that has never published
  slot inspect [--json]   tell how slot, checkpoint and server stand to each other
  slot drop --confirm S   drop the slot S
  slot adopt              go on with another slot or server
  repair [--plan]         publish what is missing at Kafka after a gap
  accept publication      go on after PUBLICATION_CHANGED without a repair
  accept table T          after TABLE_UNKNOWN: --publish or --pass-over the rows of table T
  doctor [--json|--sql]   check settings, Postgres and Kafka, and tell what to do about what is wrong
  status [--watch] [--json]
                          ask a running relay what it does, what is wrong, and what to do about it
  health [--ready]        exit code 0 when the relay of this host lives, or is ready
  config print [--json]   every setting as it is in force, and where it comes from; secrets hidden
  config check            every problem of the settings at once; connects to nothing
  config docs             the documentation of all settings
  version                 print the version
  help                    print this

Settings come from environment variables, RELAY_* and well-known ones such as DATABASE_URL and
KAFKA_BROKERS; docs/configuration.md lists them all.

Exit codes: 0 ok, 1 failure, 2 usage, 75 temporary (try again), 78 configuration.
`;

export function runHelp(): Promise<number> {
  process.stdout.write(HELP);
  return Promise.resolve(0);
}
