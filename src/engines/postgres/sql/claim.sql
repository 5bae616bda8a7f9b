-- Claims jobs: takes the first of the ready ones, in their order, and leases them to a worker.
-- Parameters: worker, limit, queues or null, tasks or null, whether queues come one after the other, lease length of
-- jobs without one of their own, how many of the first jobs are looked at; then floor and fixed of the clock.
-- Result: the claimed jobs in any order, and one row without an id, in which created_at is now, run_at is when the next
-- waiting job is due, attempt tells whether jobs were left behind that might have been claimed, and fence how many were
-- looked at; its rest is 'turns' when nothing was claimed because some of the jobs have limits, or take turns: that is
-- for claims that heed those. `rest` is null for a job that has nothing out of the ordinary, else a JSON
-- array of lease_ms, max_retries, group, options, key, ref, tags, solo, the row of notes, ties.
-- Indexes: the primary keys of ready, jobs, notes, fair and limits; waiting_to_promote.
with asked as materialized (
  select k.kind, k.queue, k.task, case when $5 then array_position($3::text[], k.queue) else 0 end as turn
  from posthaste.kinds as k
  where ($3::text[] is null or k.queue = any ($3))
    and ($4::text[] is null or k.task = any ($4))
    and not exists (select from posthaste.queues as q where q.queue = k.queue and q.paused_at is not null)
),
-- Most often there are no limits, and no groups, at all.
bound as materialized (
  select case
    when (select exists (select from posthaste.fair) or exists (select from posthaste.limits))
    then exists (
      select from asked as a
      where exists (select from posthaste.fair as f where f.queue = a.queue)
        or exists (select from posthaste.limits as l where l.scope = 'queue' and l.name = a.queue)
        or exists (select from posthaste.limits as l where l.scope = 'task' and l.name = a.task)
    )
    else false
  end as is_so
),
wanted as materialized (
  select kind, turn from asked where not (select is_so from bound)
),
-- Of one kind, all that is wanted is looked at. Of many, some of each: more only of those of which all that was looked
-- at comes before the last one that is wanted.
depth as materialized (
  select least($7::bigint, 10 + 2 * $7::bigint / greatest(count(*), 1)) as rows from wanted
),
seen as materialized (
  select w.kind, w.turn, r.priority, r.run_at, r.id, r.place
  from wanted as w cross join lateral (
    select priority, run_at, id, ctid as place from posthaste.ready
    where kind = w.kind order by priority, run_at, id limit (select rows from depth)
  ) as r
),
numbered as (
  select *, row_number() over (partition by kind order by priority, run_at, id) as number
  from seen
  where (select rows from depth) < $7
),
last as materialized (
  select turn, priority, run_at, id
  from seen
  where (select rows from depth) < $7
  order by turn, priority, run_at, id
  limit 1 offset $7 - 1
),
heads as materialized (
  select turn, priority, run_at, id, place from seen
  union all
  select s.turn, r.priority, r.run_at, r.id, r.place
  from (select * from numbered where number = (select rows from depth)) as s
  cross join lateral (
    select priority, run_at, id, ctid as place
    from posthaste.ready
    where kind = s.kind and (priority, run_at, id) > (s.priority, s.run_at, s.id)
      and not exists (
        select from last as l where (l.turn, l.priority, l.run_at, l.id) < (s.turn, s.priority, s.run_at, s.id)
      )
    order by priority, run_at, id
    limit $7
  ) as r
  order by turn, priority, run_at, id
  limit $7
),
-- One after the other, in the order of the heads, until there are enough.
locked as materialized (
  select row_number() over () as number, solo, place
  from (
    select r.solo, r.place
    from heads as h cross join lateral (
      select solo, ctid as place from posthaste.ready where ctid = h.place limit 1 for update skip locked
    ) as r
    limit $2
  ) as l
),
-- A solo job ends an answer, or is all of it.
company as materialized (
  select greatest(min(number) filter (where solo), min(number) + 1) as left_from from locked having bool_or(solo)
),
taken as (
  delete from posthaste.ready
  where ctid = any (array(
    select place from locked where number < coalesce((select left_from from company), number + 1)
  ))
  returning run_at, attempt, lease_ms, id, kind, fence, priority, solo, has_notes, has_key
),
leased as (
  insert into posthaste.running (
    lease_until, attempt, lease_ms, started_at, id, kind, fence, started, solo, has_notes, has_key, worker
  )
  select
    (select posthaste.clock($8, $9)) + coalesce(lease_ms, $6), attempt + solo::integer, lease_ms,
    case when solo then (select posthaste.clock($8, $9)) end, id, kind, fence + 1, solo, solo, has_notes, has_key, $1
  from taken
),
-- Keys that are held until the start are free from now on.
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
  select kind, 'ready', 'running', count(*) from taken group by kind
),
summary as materialized (
  select
    (select count(*) from heads) as looked, (select count(*) from locked) as locked, (select count(*) from taken) as taken
)
select
  t.id, t.kind, j.payload, t.priority, j.created_at, t.run_at, t.attempt + t.solo::integer as attempt, t.fence + 1 as fence,
  case
    when t.solo or t.has_notes or num_nonnulls(j.lease_ms, j.max_retries, j."group", j.options, j.key, j.ref, j.tags, j.ties) > 0
    then json_build_array(j.lease_ms, j.max_retries, j."group", j.options, j.key, j.ref, j.tags, t.solo, (
      select row_to_json(n) from posthaste.notes as n where t.has_notes and n.id = t.id
    ), j.ties)::text
  end as rest
from taken as t
cross join lateral (select * from posthaste.jobs where id = t.id limit 1) as j
union all
select
  null, null, null, null, posthaste.clock($8, $9), (select min(run_at) from posthaste.waiting where state <> 'blocked'),
  (taken < locked or taken = $2 and taken < looked)::integer, looked::integer,
  case when (select is_so from bound) then 'turns' end
from summary
