-- The earliest run_at of a lane's claimable jobs: one look at the index for each priority. Parameters: lane.
-- Result: run_at or null. Index: the primary key of ready.
with recursive found (priority) as (
  select min(priority) from ready where lane = :lane
  union all
  select (select min(priority) from ready where lane = :lane and priority > found.priority)
  from found where found.priority is not null
)
select min((select min(run_at) from ready where lane = :lane and priority = found.priority)) from found
