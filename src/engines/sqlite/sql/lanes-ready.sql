-- Lanes that have a claimable job: one look at the index for each, whatever waits in them. Result: lane.
-- Index: the primary key of ready.
with recursive found (lane) as (
  select min(lane) from ready
  union all
  select (select min(lane) from ready where lane > found.lane) from found where found.lane is not null
)
select lane from found where lane is not null
