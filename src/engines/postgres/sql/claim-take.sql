-- Leases jobs to a worker: all of them, or the transaction ends. Parameters: arrays of kinds or lines, priorities, run_at,
-- ids; how many they are; worker, lease length of jobs without one of their own; then floor and fixed of the clock.
-- Result: the jobs as claim.sql answers them. Indexes: the primary keys of ready, lines, jobs and notes.
with taken as (
  delete from posthaste.ready
  where ctid = any (array(
    select r.place
    from unnest($1::integer[], $2::smallint[], $3::bigint[], $4::uuid[]) as g (kind, priority, run_at, id)
    cross join lateral (
      select ctid as place from posthaste.ready
      where kind = g.kind and priority = g.priority and run_at = g.run_at and id = g.id limit 1
    ) as r
  ))
  returning run_at, attempt, lease_ms, id, kind, fence, priority, solo, has_notes, has_key
),
-- With the kind of its line, and the line apart.
lined as materialized (
  select
    t.run_at, t.attempt, t.lease_ms, t.id, t.fence, t.priority, t.solo, t.has_notes, t.has_key,
    case when t.kind > 0 then t.kind else (select l.kind from posthaste.lines as l where l.line = t.kind) end as kind,
    case when t.kind < 0 then t.kind end as line
  from taken as t
),
leased as (
  insert into posthaste.running (
    lease_until, attempt, lease_ms, started_at, id, kind, fence, started, solo, has_notes, has_key, worker, line
  )
  select
    (select posthaste.clock($8, $9)) + coalesce(lease_ms, $7::bigint), attempt + solo::integer, lease_ms,
    case when solo then (select posthaste.clock($8, $9)) end, id, kind, fence + 1, solo, solo, has_notes, has_key, $6, line
  from lined
),
freed as (
  delete from posthaste.keys where ctid = any (array(
    select k.place
    from taken as t
    cross join lateral (select key from posthaste.jobs where id = t.id limit 1) as j
    cross join lateral (
      select ctid as place from posthaste.keys where key = j.key and id = t.id and until = 'start' limit 1
    ) as k
    where t.has_key
  ))
),
moved as (
  insert into posthaste.moves (kind, from_state, to_state, number)
  select kind, 'ready', 'running', count(*) from lined group by kind
),
all_found as materialized (
  select posthaste.expect((select count(*) from taken), $5::bigint)
)
select
  t.id, t.kind, j.payload, t.priority, j.created_at, t.run_at, t.attempt + t.solo::integer as attempt, t.fence + 1 as fence,
  json_build_array(j.lease_ms, j.max_retries, j."group", j.options, j.key, j.ref, j.tags, t.solo, (
    select row_to_json(n) from posthaste.notes as n where t.has_notes and n.id = t.id
  ), j.ties)::text as rest
from all_found, lined as t
cross join lateral (select * from posthaste.jobs where id = t.id limit 1) as j
