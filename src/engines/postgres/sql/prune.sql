-- Removes finished jobs of a state, the oldest first, with all that is known of them. Parameters: state, age_ms, how
-- many are kept, least age_ms, limit; then floor and fixed of the clock. Result: how many were removed, whether more
-- remain to be. Index: finished_to_prune.
with size as materialized (
  select coalesce(sum(number), 0) as number
  from (
    select number from posthaste.counts where state = $1
    union all
    select number from posthaste.moves where to_state = $1
    union all
    select -number from posthaste.moves where from_state = $1
  ) as n
),
oldest as materialized (
  select ctid as place, finished_at, row_number() over (order by finished_at, id) as number
  from (
    select ctid, finished_at, id from posthaste.finished where state = $1 order by finished_at, id limit $5 + 1
  ) as f
),
old as materialized (
  select o.place, o.number
  from oldest as o, size, posthaste.clock($6, $7) as c (now)
  where (o.finished_at < c.now - $2::bigint or o.number <= size.number - $3::bigint) and o.finished_at <= c.now - $4::bigint
),
gone as (
  delete from posthaste.finished where ctid = any (array(select place from old where number <= $5))
  returning id, kind
),
forgotten_jobs as (delete from posthaste.jobs where id = any (array(select id from gone))),
forgotten_notes as (delete from posthaste.notes where id = any (array(select id from gone))),
forgotten_logs as (delete from posthaste.logs where id = any (array(select id from gone))),
forgotten_ties as (delete from posthaste.ties where id = any (array(select id from gone))),
moved as (
  insert into posthaste.moves (kind, from_state, number) select kind, $1, count(*) from gone group by kind
)
select (select count(*) from gone) as removed, exists (select from old where number > $5) as more
