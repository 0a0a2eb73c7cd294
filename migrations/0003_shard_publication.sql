-- The publication of one shard, in place of 0002: it lets through the rows whose keys are the shard's.
--
-- Keys are divided by the first 8 hexadecimal digits of their MD5: from {{shard_from:literal}} on (empty: from the first), below
-- {{shard_below:literal}} (empty: to the last). A NULL key is the first shard's. Needs Postgres 15. Run it as the owner of the table,
-- who also needs CREATE on the database.
do $publication$
declare
  key_type text;
  hash text;
  condition text;
begin
  perform set_config('lock_timeout', {{lock_timeout:literal}}, true);
  if current_setting('server_version_num')::int < 150000 then
    raise exception using errcode = 'feature_not_supported',
      message = 'RELAY_SHARD needs Postgres 15, whose publications filter rows';
  end if;
  select t.typname into key_type
    from pg_catalog.pg_attribute a join pg_catalog.pg_type t on t.oid = a.atttypid
   where a.attrelid = {{qualified_table:literal}}::pg_catalog.regclass
     and a.attname = {{key_column:literal}} and not a.attisdropped;
  -- A filter may cast nothing by way of its text, so numbers and UUIDs are taken in their binary form.
  hash := case
    when key_type in ('text', 'bytea') then '%1$I'
    when key_type in ('varchar', 'bpchar') then '%1$I::text'
    when key_type = 'uuid' then 'uuid_send(%1$I)'
    when key_type in ('int2', 'int4', 'int8') then key_type || 'send(%1$I)'
  end;
  if hash is null then
    raise exception using errcode = 'datatype_mismatch', message = pg_catalog.format(
      'RELAY_SHARD divides rows by column %I of table %s, and cannot by its type (%s)',
      {{key_column:literal}}, {{qualified_table:literal}}, coalesce(key_type, 'there is no such column'));
  end if;
  hash := pg_catalog.format('coalesce(md5(' || hash || '), '''') collate "C"', {{key_column:literal}});
  condition := pg_catalog.concat_ws(' and ',
    '(' || hash || ' >= ' || quote_literal(nullif({{shard_from:literal}}, '')) || ')',
    '(' || hash || ' < ' || quote_literal(nullif({{shard_below:literal}}, '')) || ')');
  if not exists (select from pg_catalog.pg_publication where pubname = {{publication:literal}}) then
    execute pg_catalog.format(
      'create publication %I for table %s where (%s) with (publish = ''insert'', publish_via_partition_root = true)',
      {{publication:literal}}, {{qualified_table:literal}}, condition);
  elsif not exists (
    select from pg_catalog.pg_publication_tables t
     where t.pubname = {{publication:literal}}
       and t.schemaname = {{schema:literal}} and t.tablename = {{table:literal}}
  ) then
    execute pg_catalog.format('alter publication %I add table %s where (%s)',
      {{publication:literal}}, {{qualified_table:literal}}, condition);
  end if;
end
$publication$;
