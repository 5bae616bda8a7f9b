-- Kinds that have a claimable job: one look at the index for each, whatever waits in them. Result: kind.
-- Index: ready_by_kind.
with recursive found (kind) as (
  select min(kind) from ready
  union all
  select (select min(kind) from ready where kind > found.kind) from found where found.kind is not null
)
select kind from found where kind is not null
