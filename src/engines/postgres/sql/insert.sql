-- Stores jobs without keys that are blocked by nothing, of which nearly always none is known. A known id changes
-- nothing. Parameters: arrays, an empty one standing for nulls: ids (no id twice), kinds, priorities, payloads,
-- run_at, delay_ms, max_retries, lease_ms, groups, options, refs, tags; then floor and fixed of the clock. Result:
-- now.
with given as materialized (
  select g.*, c.now
  from posthaste.clock($13, $14) as c (now), unnest(
    $1::uuid[], $2::integer[], $3::smallint[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
    $9::text[], $10::text[], $11::text[], $12::text[]
  ) as g (id, kind, priority, payload, run_at, delay_ms, max_retries, lease_ms, "group", options, ref, tags)
),
fresh as (
  insert into posthaste.jobs (id, created_at, run_at, lease_ms, max_retries, kind, priority, payload, "group", options, ref, tags)
  select
    id, now, nullif(coalesce(run_at, now + delay_ms), now), lease_ms, max_retries, kind, priority, payload, "group", options, ref, tags
  from given
  on conflict (id) do nothing
  returning id, kind, priority, lease_ms, created_at, coalesce(run_at, created_at) as due
),
-- Others may wait for a job that was not there yet.
known as (
  select f.*, case
    when (select exists (select from posthaste.ties limit 1))
    then exists (select from posthaste.ties as t where t.target = 'job:' || f.id)
    else false
  end as awaited
  from fresh as f
),
put_ready as (
  insert into posthaste.ready (run_at, attempt, lease_ms, id, kind, fence, priority, solo, has_notes, has_key)
  select due, 0, lease_ms, id, kind, 0, priority, false, awaited, false from known where due <= created_at
),
put_waiting as (
  insert into posthaste.waiting (run_at, attempt, lease_ms, id, kind, fence, priority, solo, has_notes, has_key, state)
  select due, 0, lease_ms, id, kind, 0, priority, false, awaited, false, 'scheduled' from known where due > created_at
),
moved as (
  insert into posthaste.moves (kind, to_state, number)
  select kind, 'ready', count(*) from fresh where due <= created_at group by kind
  union all
  select kind, 'scheduled', count(*) from fresh where due > created_at group by kind
)
select now from posthaste.clock($13, $14) as c (now)
