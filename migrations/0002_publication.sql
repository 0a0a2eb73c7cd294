-- The publication: which tables the relay reads. It must exist before the relay's slot does.
--
-- Inserts only, so that cleaning up the table is no event and needs no replica identity; rows of a
-- partitioned table come under its own name. Run it as the owner of the table, who also needs
-- CREATE on the database.
do $publication$
begin
  perform set_config('lock_timeout', {{lock_timeout:literal}}, true);
  if not exists (select from pg_catalog.pg_publication where pubname = {{publication:literal}}) then
    create publication {{publication}} for table {{qualified_table}}
      with (publish = 'insert', publish_via_partition_root = true);
  elsif not exists (
    select from pg_catalog.pg_publication p
     where p.pubname = {{publication:literal}}
       and (p.puballtables
            or exists (select from pg_catalog.pg_publication_rel r
                        where r.prpubid = p.oid and r.prrelid = {{qualified_table:literal}}::pg_catalog.regclass)
            or exists (select from pg_catalog.pg_publication_tables t
                        where t.pubname = p.pubname
                          and t.schemaname = {{schema:literal}} and t.tablename = {{table:literal}}))
  ) then
    alter publication {{publication}} add table {{qualified_table}};
  end if;
end
$publication$;
