-- Stores jobs without keys that are blocked by nothing, of which nearly always none is known. A known id changes
-- nothing. Parameters: arrays, an empty one standing for nulls: ids (no id twice), kinds, priorities, payloads,
-- run_at, delay_ms, max_retries, lease_ms, groups, options, refs, tags; then floor and fixed of the clock. Result:
-- now. Index: lines_to_find.
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
  returning id, kind, priority, lease_ms, created_at, "group", coalesce(run_at, created_at) as due
),
-- Others may wait for a job that was not there yet.
known as (
  select f.*, case when "group" is not null then (
    select line from posthaste.lines as l
    where l.kind = f.kind and coalesce('=' || l."group", '') = '=' || f."group" and coalesce('=' || l."limit", '') = ''
  ) end as line, case
    when (select exists (select from posthaste.ties limit 1))
    then exists (select from posthaste.ties as t where t.target = 'job:' || f.id)
    else false
  end as awaited
  from fresh as f
),
put_ready as (
  insert into posthaste.ready (run_at, attempt, lease_ms, id, kind, fence, priority, solo, has_notes, has_key)
  select due, 0, lease_ms, id, coalesce(line, kind), 0, priority, false, awaited, false
  from known where due <= created_at
),
put_waiting as (
  insert into posthaste.waiting (run_at, attempt, lease_ms, id, kind, fence, priority, solo, has_notes, has_key, state, line)
  select due, 0, lease_ms, id, kind, 0, priority, false, awaited, false, 'scheduled', line
  from known where due > created_at
),
-- Of jobs with a group: the groups of their queues take turns, and their lines are looked at again.
lined as materialized (
  select line, bool_or(due <= created_at) as is_ready from known where line is not null group by line
),
made_fair as (
  insert into posthaste.fair (queue, last)
  select distinct l.queue, 0
  from lined as k cross join lateral (select queue from posthaste.lines where line = k.line limit 1) as l
  where not exists (select from posthaste.fair as f where f.queue = l.queue)
  order by l.queue
  on conflict (queue) do nothing
),
touched as (insert into posthaste.touched (line, is_idle) select line, false from lined where is_ready),
moved as (
  insert into posthaste.moves (kind, to_state, number)
  select kind, 'ready', count(*) from fresh where due <= created_at group by kind
  union all
  select kind, 'scheduled', count(*) from fresh where due > created_at group by kind
)
select now from posthaste.clock($13, $14) as c (now)
