-- Completes running jobs at their first try: nothing has to be written but one narrow row for each. All of them, or the
-- transaction ends: when one is not running under its fence, or has notes, they are settled one by one instead.
-- Parameters: arrays of ids in their order (no id twice), fences, attempts, started_at, outputs; how many they are; then
-- floor and fixed of the clock. Indexes: the primary keys of running, jobs and keys.
with held as materialized (
  select r.*, g.attempt as last_attempt, g.started_at as last_started_at, g.output
  from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[]) as g (id, fence, attempt, started_at, output)
  cross join lateral (
    select id, kind, fence, worker, has_key, ctid as place
    from posthaste.running where id = g.id and fence = g.fence and not has_notes limit 1
  ) as r
),
-- Looked at again, for whoever wrote a note meanwhile.
ended as (
  delete from posthaste.running where ctid = any (array(select place from held)) and not has_notes returning kind
),
put_finished as (
  insert into posthaste.finished (finished_at, started_at, attempt, id, kind, fence, solo, has_notes, state, worker, output)
  select
    (select posthaste.clock($7, $8)), last_started_at, last_attempt, id, kind, fence, false, false, 'completed', worker, output
  from held
),
freed as (
  delete from posthaste.keys where ctid = any (array(
    select k.place
    from held as e
    cross join lateral (select key from posthaste.jobs where id = e.id limit 1) as j
    cross join lateral (select ctid as place from posthaste.keys where key = j.key and id = e.id limit 1) as k
    where e.has_key
  ))
),
moved as (
  insert into posthaste.moves (kind, from_state, to_state, number)
  select kind, 'running', 'completed', count(*) from ended group by kind
)
select posthaste.expect((select count(*) from ended), $6::bigint)
