-- Completes running jobs at their first try: nothing has to be written but one narrow row for each. All of them, or the
-- transaction ends: when one is not running under its fence, or has notes, they are settled one by one instead.
-- Parameters: arrays of ids (no id twice), fences, attempts, started_at, outputs; how many they are; then floor and
-- fixed of the clock. Indexes: the primary keys of running, finished and keys.
with ended as (
  delete from posthaste.running as r
  using unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[]) as g (id, fence, attempt, started_at, output)
  where r.id = g.id and r.fence = g.fence and not r.has_notes
  returning r.id, r.kind, r.fence, r.worker, r.has_key, g.attempt, g.started_at, g.output
),
put_finished as (
  insert into posthaste.finished (finished_at, started_at, attempt, id, kind, fence, solo, has_notes, state, worker, output)
  select c.now, started_at, attempt, id, kind, fence, false, false, 'completed', worker, output
  from ended, posthaste.clock($7, $8) as c (now)
),
freed as (
  delete from posthaste.keys
  where key = any (array(
    select j.key from ended as e
    cross join lateral (select key from posthaste.jobs where id = e.id limit 1) as j
    where e.has_key
  ))
),
moved as (
  insert into posthaste.moves (kind, from_state, to_state, number)
  select kind, 'running', 'completed', count(*) from ended group by kind
)
select posthaste.expect((select count(*) from ended), $6::bigint)
