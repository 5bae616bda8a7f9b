-- Ends the waiting of jobs. Parameters: arrays of ids, fences, states, places as they were read; how many they are. They
-- are found by their places.
with gone as (
  delete from posthaste.waiting where ctid = any (array(
    select w.place
    from unnest($1::uuid[], $2::integer[], $3::text[], $4::text[]) as g (id, fence, state, place)
    cross join lateral (
      select ctid as place from posthaste.waiting 
      where id = g.id and fence = g.fence and state = g.state and ctid = g.place::tid limit 1
    ) as w
  ))
  returning 1
)
select posthaste.expect((select count(*) from gone), $5::bigint)
