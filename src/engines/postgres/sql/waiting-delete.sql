-- Ends the waiting of jobs. Parameters: arrays of ids, fences, states; how many they are. Index: the primary key of
-- waiting.
with gone as (
  delete from posthaste.waiting as w using unnest($1::uuid[], $2::integer[], $3::text[]) as g (id, fence, state)
  where w.id = g.id and w.fence = g.fence and w.state = g.state
  returning 1
)
select posthaste.expect((select count(*) from gone), $4::bigint)
