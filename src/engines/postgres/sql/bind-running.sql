-- Notes of running jobs that others depend on them; whoever settles one waits for us and looks then. Parameters: arrays
-- of ids, fences; how many they are. Index: the primary key of running.
with held as materialized (
  select r.ctid as place
  from unnest($1::uuid[], $2::bigint[]) as g (id, fence)
  join posthaste.running as r on r.id = g.id and r.fence = g.fence
  order by r.id
  for update of r
),
bound as (update posthaste.running set has_notes = true where ctid = any (array(select place from held)) returning 1)
select posthaste.expect((select count(*) from bound), $3::bigint)
