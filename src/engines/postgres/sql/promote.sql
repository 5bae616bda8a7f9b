-- Makes jobs claimable whose time has come, the earliest first. Parameters: limit; then floor and fixed of the clock.
-- Result: how many, when the next one after now is due. Index: waiting_to_promote.
with due as materialized (
  select ctid as place from posthaste.waiting
  where state <> 'blocked' and run_at <= (select posthaste.clock($2, $3))
  order by run_at, id
  limit $1
  for update skip locked
),
gone as (
  delete from posthaste.waiting where ctid = any (array(select place from due))
  returning run_at, attempt, lease_ms, id, kind, fence, priority, solo, has_notes, has_key, state, line
),
put_ready as (
  insert into posthaste.ready (run_at, attempt, lease_ms, id, kind, fence, priority, solo, has_notes, has_key)
  select run_at, attempt, lease_ms, id, coalesce(line, kind), fence, priority, solo, has_notes, has_key from gone
),
touched as (
  insert into posthaste.touched (line, is_idle) select line, false from gone where line is not null group by line
),
moved as (
  insert into posthaste.moves (kind, from_state, to_state, number)
  select kind, state, 'ready', count(*) from gone group by kind, state
)
select
  (select count(*) from gone) as promoted,
  (
    select min(run_at) from posthaste.waiting where state <> 'blocked' and run_at > (select posthaste.clock($2, $3))
  ) as next_due_at
