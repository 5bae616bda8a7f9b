-- Notes of waiting jobs that others depend on them. Parameters: arrays of ids, fences; how many they are. Index: the
-- primary key of waiting.
with held as materialized (
  select w.place
  from unnest($1::uuid[], $2::integer[]) as g (id, fence)
  cross join lateral (select ctid as place from posthaste.waiting where id = g.id and fence = g.fence limit 1) as w
),
bound as (update posthaste.waiting set has_notes = true where ctid = any (array(select place from held)) returning 1)
select posthaste.expect((select count(*) from bound), $3::bigint)
