-- Removes chosen jobs from the claimable ones. Parameters: a JSON array of [lane, priority, run_at, id].
-- Index: the primary key of ready.
delete from ready where (lane, priority, run_at, id) in (
  select value ->> 0, value ->> 1, value ->> 2, value ->> 3 from json_each(?)
)
