-- Takes jobs from the claimable ones. Parameters: arrays of kinds, priorities, run_at, ids, fences, places as they were
-- read; how many they are. They are found by their places.
with gone as (
  delete from posthaste.ready where ctid = any (array(
    select r.place
    from unnest($1::integer[], $2::smallint[], $3::bigint[], $4::uuid[], $5::integer[], $6::text[])
      as g (kind, priority, run_at, id, fence, place)
    cross join lateral (
      select ctid as place from posthaste.ready
      where kind = g.kind and priority = g.priority and run_at = g.run_at and id = g.id and fence = g.fence
        and ctid = g.place::tid
      limit 1
    ) as r
  ))
  returning 1
)
select posthaste.expect((select count(*) from gone), $7::bigint)
