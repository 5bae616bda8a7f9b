-- Notes of ready jobs that others depend on them. Parameters: arrays of kinds, priorities, run_at, ids, fences; how many
-- they are. Index: the primary key of ready.
with held as materialized (
  select r.place
  from unnest($1::integer[], $2::smallint[], $3::bigint[], $4::uuid[], $5::integer[]) as g (kind, priority, run_at, id, fence)
  cross join lateral (
    select ctid as place from posthaste.ready
    where kind = g.kind and priority = g.priority and run_at = g.run_at and id = g.id and fence = g.fence limit 1
  ) as r
),
bound as (update posthaste.ready set has_notes = true where ctid = any (array(select place from held)) returning 1)
select posthaste.expect((select count(*) from bound), $6::bigint)
