-- Takes jobs from the finished ones. Parameters: arrays of kinds, states, ids, fences; how many they are.
-- Index: the primary key of finished.
with gone as (
  delete from posthaste.finished where ctid = any (array(
    select f.place
    from unnest($1::integer[], $2::text[], $3::uuid[], $4::integer[]) as g (kind, state, id, fence)
    cross join lateral (
      select ctid as place from posthaste.finished
      where kind = g.kind and state = g.state and id = g.id and fence = g.fence limit 1
    ) as f
  ))
  returning 1
)
select posthaste.expect((select count(*) from gone), $5::bigint)
