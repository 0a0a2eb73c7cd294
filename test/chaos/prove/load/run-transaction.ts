import type pg from "pg";
import type { ScriptRow, Step, TransactionScript } from "../plan/transaction-script.ts";
import { copyStatement } from "./copy-text.ts";

const INSERT =
  "insert into outbox (id, aggregatetype, aggregateid, type, payload, headers) values ($1, $2, $3, 'Written', $4, $5)";

/** Runs a script to its end. True when Postgres has acknowledged the commit; throws when anything failed. */
export async function runTransaction(
  client: pg.Client,
  script: TransactionScript,
): Promise<boolean> {
  await client.query("begin");
  for (const step of script.steps) await runStep(client, step);
  switch (script.end) {
    case "commit":
      return (await client.query("commit")).command === "COMMIT";
    case "rollback":
      await client.query("rollback");
      return false;
    case "prepare-commit":
    case "prepare-rollback": {
      await client.query(`prepare transaction '${script.name}'`);
      await client.query("select pg_sleep(0.05)");
      const isCommit = script.end === "prepare-commit";
      await client.query(`${isCommit ? "commit" : "rollback"} prepared '${script.name}'`);
      return isCommit;
    }
  }
}

async function runStep(client: pg.Client, step: Step): Promise<void> {
  switch (step.kind) {
    case "insert":
      await insert(client, step.row);
      if (step.pauseMs > 0) await client.query("select pg_sleep($1)", [step.pauseMs / 1000]);
      break;
    case "savepoint":
      await client.query("savepoint s");
      await insert(client, step.row);
      await client.query("rollback to savepoint s");
      break;
    case "insert-delete":
      await insert(client, step.row);
      await client.query("delete from outbox where id = $1", [step.row.id]);
      break;
    case "copy":
      await client.query(copyStatement(step.rows));
      break;
    case "bulk":
      await client.query(
        `insert into outbox (id, aggregatetype, aggregateid, type, payload)
         select md5($1 || '/' || n)::uuid, 'order', $2, 'Written', jsonb_build_object('n', n, 'fill', repeat('y', n % 200))
           from generate_series(0, $3::int - 1) n order by n`,
        [step.name, step.key, step.rows],
      );
      break;
  }
}

async function insert(client: pg.Client, row: ScriptRow): Promise<void> {
  await client.query(INSERT, [row.id, row.route, row.key, row.payload, row.headers]);
}
