-- The column write_order: a number that each row takes as it is written, so that a repair or a first snapshot publishes the
-- rows in that order. The stream does not need it.
--
-- A table that these migrations made gets it while it is empty. A table with rows, or one of your own, gets it with
-- "outbox-relay migrate up --write-order" ({{write_order:literal}}: "always"). No table is rewritten: rows that are there stay
-- without a number. Run it as the owner of the table.
do $write_order$
declare
  target constant pg_catalog.regclass := {{qualified_table:literal}}::pg_catalog.regclass;
  target_name constant text := {{qualified_table:literal}};
  sequence_name constant text := pg_catalog.format('%I.%I', {{schema:literal}}, pg_catalog.left({{table:literal}}, 40) || '_write_order_seq');
  is_filled boolean;
begin
  perform set_config('lock_timeout', {{lock_timeout:literal}}, true);
  select a.attidentity <> '' or coalesce(pg_catalog.pg_get_expr(d.adbin, d.adrelid) like '%nextval(%', false) into is_filled
    from pg_catalog.pg_attribute a
    left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
   where a.attrelid = target and a.attname = 'write_order' and not a.attisdropped;
  if is_filled then
    return;
  elsif is_filled is not null then
    raise exception using errcode = 'duplicate_column', message = pg_catalog.format(
      'table %s has a column write_order that no sequence fills: it is another one, or its default was dropped', target);
  end if;
  if {{write_order:literal}} <> 'always' then
    if coalesce(pg_catalog.obj_description(target, 'pg_class'), '') not like 'Transactional outbox: outbox-relay %' then
      return;
    elsif exists (select from {{qualified_table}}) then
      return;
    end if;
  end if;
  -- No identity column: tables that inherit from this one, or are made like it, would have to fill it themselves. And not
  -- owned by the column: a table that takes this one's place goes on with the numbers.
  execute pg_catalog.format('create sequence if not exists %s as bigint', sequence_name);
  execute pg_catalog.format('alter sequence %s owner to %I', sequence_name,
    (select pg_catalog.pg_get_userbyid(c.relowner) from pg_catalog.pg_class c where c.oid = target));
  -- Roles that may insert into the table go on doing so; nobody can set the sequence by this right.
  execute pg_catalog.format('grant usage on sequence %s to public', sequence_name);
  -- In two steps: a default that is there when the column comes would be evaluated for each row.
  alter table {{qualified_table}} add column write_order bigint;
  execute pg_catalog.format('alter table %s alter column write_order set default pg_catalog.nextval(%L::pg_catalog.regclass)',
    target_name, sequence_name);
end
$write_order$;
