create schema if not exists bench;

-- Rows numbered 1 to `total`, `per` in one transaction, with a payload of about `bytes`, for `topics` topics in turn.
create or replace procedure bench.fill(total int, per int, bytes int default 300, topics int default 1) language plpgsql as $$
declare
  filled int := 0;
  pad text := repeat('abcdefghij', greatest(0, bytes - 50) / 10);
begin
  while filled < total loop
    insert into public.outbox (aggregatetype, aggregateid, type, payload)
    select case when topics = 1 then 'order' else 'order' || n % topics end,
           'order-' || (n::bigint * 7919 % 50000), 'OrderPlaced',
           jsonb_build_object('n', n, 'ts', (extract(epoch from clock_timestamp()) * 1e6)::bigint, 'pad', pad)
    from generate_series(filled + 1, least(filled + per, total)) n;
    commit;
    filled := filled + per;
  end loop;
end $$;

-- Transactions of one row at a steady rate; `ts` is the wall clock just before the commit, in microseconds.
create or replace procedure bench.pace(rate int, seconds int, writer int) language plpgsql as $$
declare
  started timestamptz := clock_timestamp();
  written bigint := 0;
  due bigint;
  total bigint := rate::bigint * seconds;
  pad text := repeat('abcdefghij', 25);
begin
  while written < total loop
    due := least(total, (extract(epoch from clock_timestamp() - started) * rate)::bigint);
    while written < due loop
      written := written + 1;
      insert into public.outbox (aggregatetype, aggregateid, type, payload)
      values ('order', 'order-' || ((writer::bigint * 1000000 + written) * 7919 % 50000), 'OrderPlaced',
              jsonb_build_object('n', writer::bigint * 100000000 + written,
                                 'ts', (extract(epoch from clock_timestamp()) * 1e6)::bigint, 'pad', pad));
      commit;
    end loop;
    perform pg_sleep(0.001);
  end loop;
end $$;
