-- The outbox table: the application inserts into it, in the transaction that changes its own data.
--
-- Names are Debezium's defaults. An existing table is left exactly as it is; the relay needs only
-- the first five columns. Run it as the role that shall own the table.
do $outbox$
declare
  id_default text := case
    when current_setting('server_version_num')::int >= 180000 then 'uuidv7()'
    else 'gen_random_uuid()'
  end;
begin
  perform set_config('lock_timeout', {{lock_timeout:literal}}, true);
  if not exists (select from pg_catalog.pg_namespace where nspname = {{schema:literal}}) then
    create schema if not exists {{schema}};
  end if;
  -- Asked first, because even "if not exists" wants the right to create.
  if pg_catalog.to_regclass({{qualified_table:literal}}) is null then
    execute pg_catalog.format($ddl$
      create table if not exists {{qualified_table}} (
        id            uuid        primary key default pg_catalog.%s,
        aggregatetype text        not null,
        aggregateid   text        not null,
        type          text        not null,
        payload       jsonb,
        headers       jsonb,
        created_at    timestamptz not null default pg_catalog.now(),
        txid          xid8        not null default pg_catalog.pg_current_xact_id()
      )$ddl$, id_default);
    comment on table {{qualified_table}} is
      'Transactional outbox: outbox-relay publishes every committed insert to Kafka. Insert only.';
  end if;
end
$outbox$;
