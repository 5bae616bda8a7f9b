// Generated from the files in sql/ by `npm run generate`. Do not edit.

export const SQL = {
  /**
   * Brings heads and groups up to date with what was touched. A group that had no ready job catches up with the others of
   * its queue. Only for who holds the turn. Indexes: the primary keys of lines, kinds, groups and ready.
   */
  absorb: `with gone as (
  delete from posthaste.touched returning line, is_idle
),
touched as materialized (
  select line, bool_or(is_idle) as was_idle from gone group by line
),
placed as materialized (
  select t.line, t.was_idle, l.kind, l.queue, coalesce('=' || l."group", '') as name, l."limit"
  from touched as t cross join lateral (select * from posthaste.lines where line = t.line limit 1) as l
  where t.line < 0
  union all
  select t.line, t.was_idle, k.kind, k.queue, '', null
  from touched as t cross join lateral (select * from posthaste.kinds where kind = t.line limit 1) as k
  where t.line > 0
),
named as materialized (
  select queue, name, bool_or(was_idle) as was_idle from placed group by queue, name
),
moved as (
  insert into posthaste.groups (queue, name, turn, is_idle)
  select
    n.queue, n.name,
    case when n.was_idle or coalesce(g.is_idle, true) then greatest(coalesce(g.turn, 0), f.last) else g.turn end,
    not exists (
      select from posthaste.lines as l cross join lateral (select from posthaste.ready where kind = l.line limit 1) as r
      where l.queue = n.queue and coalesce('=' || l."group", '') = n.name
    ) and (n.name <> '' or not exists (
      select from posthaste.kinds as k cross join lateral (select from posthaste.ready where kind = k.kind limit 1) as r
      where k.queue = n.queue
    ))
  from named as n
  cross join lateral (select last from posthaste.fair where queue = n.queue limit 1) as f
  left join lateral (select * from posthaste.groups where queue = n.queue and name = n.name limit 1) as g on true
  on conflict (queue, name) do update set turn = excluded.turn, is_idle = excluded.is_idle
  returning queue, name, turn, parked_until
),
found as materialized (
  select p.line, p.kind, p.name, p."limit", m.turn, m.parked_until, r.priority, r.run_at, r.id
  from placed as p
  join moved as m on m.queue = p.queue and m.name = p.name
  left join lateral (
    select priority, run_at, id from posthaste.ready where kind = p.line order by priority, run_at, id limit 1
  ) as r on true
  where p.line < 0
),
emptied as (
  delete from posthaste.heads where line = any (array(select line from found where id is null))
)
-- The jobs without a group of a queue move on together: their turn is in \`groups\` alone.
insert into posthaste.heads as h (line, kind, source, parked_until, priority, turn, run_at, id)
select
  f.line, f.kind, case f.name when '' then '-' else '+' end || coalesce((
    select 'key ' || l.name from posthaste.limits as l where l.scope = 'key' and l.name = f."limit"
  ), ''),
  f.parked_until, f.priority, case f.name when '' then 0 else f.turn end, f.run_at, f.id
from found as f
where f.id is not null
on conflict (line) do update
set source = excluded.source, parked_until = excluded.parked_until, priority = excluded.priority,
  turn = excluded.turn, run_at = excluded.run_at, id = excluded.id
where (h.source, h.parked_until, h.priority, h.turn, h.run_at, h.id)
  <> (excluded.source, excluded.parked_until, excluded.priority, excluded.turn, excluded.run_at, excluded.id)`,
  /**
   * Counts jobs of batches. Parameters: batches, and arrays of what is added to unfinished, completed, cancelled, dead,
   * removed. In the order of the batches, so that two of us never wait for each other.
   */
  batchesCount: `insert into posthaste.batches as b (batch, unfinished, completed, cancelled, dead, removed)
select * from (
  select * from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
    as g (batch, unfinished, completed, cancelled, dead, removed)
  order by batch collate "C"
) as s
on conflict (batch) do update set
  unfinished = b.unfinished + excluded.unfinished, completed = b.completed + excluded.completed,
  cancelled = b.cancelled + excluded.cancelled, dead = b.dead + excluded.dead, removed = b.removed + excluded.removed`,
  /**
   * Forgets the numbers of batches. Parameters: batches. Index: the primary key of batches.
   */
  batchesForget: `delete from posthaste.batches where batch = any ($1::text[])`,
  /**
   * The numbers of batches. Parameters: batches. Result: batch, unfinished, completed, cancelled, dead, removed. Index: the
   * primary key of batches.
   */
  batchesRead: `select batch, unfinished, completed, cancelled, dead, removed from posthaste.batches where batch = any ($1::text[])`,
  /**
   * Notes of ready jobs that others depend on them. Parameters: arrays of kinds, priorities, run_at, ids, fences; how many
   * they are. Index: the primary key of ready.
   */
  bindReady: `with held as materialized (
  select r.place
  from unnest($1::integer[], $2::smallint[], $3::bigint[], $4::uuid[], $5::integer[]) as g (kind, priority, run_at, id, fence)
  cross join lateral (
    select ctid as place from posthaste.ready
    where kind = g.kind and priority = g.priority and run_at = g.run_at and id = g.id and fence = g.fence limit 1
  ) as r
),
bound as (update posthaste.ready set has_notes = true where ctid = any (array(select place from held)) returning 1)
select posthaste.expect((select count(*) from bound), $6::bigint)`,
  /**
   * Notes of running jobs that others depend on them; whoever settles one waits for us and looks then. Parameters: arrays
   * of ids, fences; how many they are. Index: the primary key of running.
   */
  bindRunning: `with held as materialized (
  select r.ctid as place
  from unnest($1::uuid[], $2::bigint[]) as g (id, fence)
  join posthaste.running as r on r.id = g.id and r.fence = g.fence
  order by r.id
  for update of r
),
bound as (update posthaste.running set has_notes = true where ctid = any (array(select place from held)) returning 1)
select posthaste.expect((select count(*) from bound), $3::bigint)`,
  /**
   * Notes of waiting jobs that others depend on them. Parameters: arrays of ids, fences; how many they are. Index: the
   * primary key of waiting.
   */
  bindWaiting: `with held as materialized (
  select w.place
  from unnest($1::uuid[], $2::integer[]) as g (id, fence)
  cross join lateral (select ctid as place from posthaste.waiting where id = g.id and fence = g.fence limit 1) as w
),
bound as (update posthaste.waiting set has_notes = true where ctid = any (array(select place from held)) returning 1)
select posthaste.expect((select count(*) from bound), $3::bigint)`,
  /**
   * Asks the holders of leases to stop; the first request is kept. Parameters: arrays of ids (none twice), requests.
   * Result: id of each that runs. Index: the primary key of running.
   */
  cancelRequest: `with held as materialized (
  select r.id, g.request
  from unnest($1::uuid[], $2::text[]) as g (id, request) join posthaste.running as r on r.id = g.id
  order by r.id
  for update of r
),
asked as (
  update posthaste.running as r set cancel = h.request from held as h where r.id = h.id and r.cancel is null
)
select id from held`,
  /**
   * The next jobs of some kinds or lines, in their order. Parameters: arrays of kinds or lines, and, of the job behind which
   * to go on, priorities, run_at, ids; how many jobs of each. Result: kind or line, priority, run_at, id, solo.
   * Index: the primary key of ready.
   */
  claimJobs: `select w.kind, r.priority, r.run_at, r.id, r.solo
from unnest($1::integer[], $2::smallint[], $3::bigint[], $4::uuid[], $5::integer[]) as w (kind, priority, run_at, id, number)
cross join lateral (
  select priority, run_at, id, solo from posthaste.ready
  where kind = w.kind and (priority, run_at, id) > (w.priority, w.run_at, w.id)
  order by priority, run_at, id limit w.number
) as r
order by w.kind, r.priority, r.run_at, r.id`,
  /**
   * The pairs of queue and task from which a claim may take. Parameters: queues or null, tasks or null. Result: kind,
   * queue, task, the furthest turn of the queue (null: its groups take no turns), the turn of its jobs without a group.
   * Index: the primary keys of fair and groups.
   */
  claimKinds: `select k.kind, k.queue, k.task, f.last, g.turn
from posthaste.kinds as k
left join lateral (select last from posthaste.fair where queue = k.queue limit 1) as f on true
left join lateral (select turn from posthaste.groups where queue = k.queue and name = '' limit 1) as g on true
where ($1::text[] is null or k.queue = any ($1))
  and ($2::text[] is null or k.task = any ($2))
  and not exists (select from posthaste.queues as q where q.queue = k.queue and q.paused_at is not null)`,
  /**
   * The next lines of some windows, each with its first jobs: fewer of each, the more lines there are. A window are the
   * lines of one kind whose limit key has the same limit, or none, in their order. Parameters: arrays of kinds, sources,
   * and, of the line behind which to go on, priorities, turns, run_at, ids; how many lines of each window; how many jobs
   * are wanted. Result: kind, source, line, queue, group, limit, and the line's place: priority, turn, run_at, id; then of
   * the job: priority, run_at, id, solo; how many jobs of each line were asked for.
   * Indexes: heads_to_claim; the primary keys of lines and ready.
   */
  claimLines: `with some_lines as materialized (
  select w.kind, w.source, h.line, h.priority, h.turn, h.run_at, h.id
  from unnest($1::integer[], $2::text[], $3::smallint[], $4::bigint[], $5::bigint[], $6::uuid[])
    as w (kind, source, priority, turn, run_at, id)
  cross join lateral (
    select line, priority, turn, run_at, id from posthaste.heads
    where kind = w.kind and source = w.source and parked_until = 0
      and (priority, turn, run_at, id) > (w.priority, w.turn, w.run_at, w.id)
    order by priority, turn, run_at, id
    limit $7
  ) as h
),
depth as materialized (
  select least($8::bigint, 2 + 2 * $8::bigint / greatest(count(*), 1)) as jobs from some_lines
)
select
  s.kind, s.source, s.line, l.queue, l."group", l."limit", s.priority, s.turn, s.run_at, s.id,
  r.priority, r.run_at, r.id, r.solo, (select jobs from depth)
from some_lines as s
cross join lateral (select queue, "group", "limit" from posthaste.lines where line = s.line limit 1) as l
cross join lateral (
  select priority, run_at, id, solo from posthaste.ready
  where kind = s.line order by priority, run_at, id limit (select jobs from depth)
) as r
order by s.kind, s.source, s.priority, s.turn, s.run_at, s.id, r.priority, r.run_at, r.id`,
  /**
   * Until when the first lines of some windows are parked, and which kinds have jobs without a line. Parameters: arrays of
   * kinds, sources; a time that is no time any more; kinds. Result: kind, source or null, parked_until.
   * Indexes: heads_to_claim; the primary key of ready.
   */
  claimOpening: `select w.kind, w.source, h.parked_until
from unnest($1::integer[], $2::text[]) as w (kind, source)
cross join lateral (
  select parked_until from posthaste.heads where kind = w.kind and source = w.source order by parked_until limit 1
) as h
where h.parked_until < $3::bigint
union all
select w.kind, null, 0
from unnest($4::integer[]) as w (kind) cross join lateral (select from posthaste.ready where kind = w.kind limit 1) as r`,
  /**
   * Leases jobs to a worker: all of them, or the transaction ends. Parameters: arrays of kinds or lines, priorities, run_at,
   * ids; how many they are; worker, lease length of jobs without one of their own; then floor and fixed of the clock.
   * Result: the jobs as claim.sql answers them. Indexes: the primary keys of ready, lines, jobs and notes.
   */
  claimTake: `with taken as (
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
cross join lateral (select * from posthaste.jobs where id = t.id limit 1) as j`,
  /**
   * Claims jobs: takes the first of the ready ones, in their order, and leases them to a worker.
   * Parameters: worker, limit, queues or null, tasks or null, whether queues come one after the other, lease length of
   * jobs without one of their own, how many of the first jobs are looked at; then floor and fixed of the clock.
   * Result: the claimed jobs in any order, and one row without an id, in which created_at is now, run_at is when the next
   * waiting job is due, attempt tells whether jobs were left behind that might have been claimed, and fence how many were
   * looked at; its rest is 'turns' when nothing was claimed because some of the jobs have limits, or take turns: that is
   * for claims that heed those. `rest` is null for a job that has nothing out of the ordinary, else a JSON
   * array of lease_ms, max_retries, group, options, key, ref, tags, solo, the row of notes, ties.
   * Indexes: the primary keys of ready, jobs, notes, fair and limits; waiting_to_promote.
   */
  claim: `with asked as materialized (
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
from summary`,
  /**
   * Remembers claims under rates, and forgets those that are over. Parameters: arrays of gates, numbers, lengths of their
   * stretches; then floor and fixed of the clock. Index: the primary key of claims.
   */
  claimsAdd: `with forgotten as (
  delete from posthaste.claims where ctid = any (array(
    select c.place
    from unnest($1::text[], $3::bigint[]) as g (gate, per_ms)
    cross join lateral (
      select ctid as place from posthaste.claims
      where gate = g.gate and at <= (select posthaste.clock($4, $5)) - g.per_ms
    ) as c
  ))
)
insert into posthaste.claims as c (gate, at, number)
select gate, (select posthaste.clock($4, $5)), number from unnest($1::text[], $2::bigint[]) as g (gate, number)
on conflict (gate, at) do update set number = c.number + excluded.number`,
  /**
   * Rates that are set anew begin to count. Parameters: gates; queues of whose groups all claims are forgotten.
   * Indexes: the primary keys of claims and groups.
   */
  claimsForget: `delete from posthaste.claims where ctid = any (array(
  select c.place
  from (
    select * from unnest($1::text[]) as g (gate)
    union all
    select 'group ' || g.queue || '/' || substr(o.name, 2)
    from unnest($2::text[]) as g (queue)
    cross join lateral (select name from posthaste.groups where queue = g.queue offset 0) as o
  ) as g
  cross join lateral (select ctid as place from posthaste.claims where gate = g.gate offset 0) as c
))`,
  /**
   * Claims that the rates of queues, tasks, groups of their own setting and limit keys have to remember. Parameters: whether
   * those of groups are asked for; then floor and fixed of the clock. Result: gate, at, number; the earliest first.
   * Index: the primary key of claims.
   */
  claimsOfLimits: `select l.scope || ' ' || l.name as gate, c.at, c.number
from posthaste.limits as l
cross join lateral (
  select at, number from posthaste.claims
  where gate = l.scope || ' ' || l.name and at > (select posthaste.clock($2, $3)) - l.rate_per_ms
  order by at desc limit 10000
) as c
where l.rate_max is not null and (l.scope <> 'group' or $1::boolean)
order by gate, c.at`,
  /**
   * Claims that rates have to remember, as many as a rate may allow. Parameters: arrays of gates, lengths of their stretches; then floor and fixed of
   * the clock. Result: gate, at, number; the earliest first. Index: the primary key of claims.
   */
  claimsRead: `select g.gate, c.at, c.number
from unnest($1::text[], $2::bigint[]) as g (gate, per_ms)
cross join lateral (
  select at, number from posthaste.claims where gate = g.gate and at > (select posthaste.clock($3, $4)) - g.per_ms
  order by at desc limit 10000
) as c
order by g.gate, c.at`,
  /**
   * Raises the clock of the store, behind which it will never go, and reads it. Parameters: floor and fixed of the
   * clock. Result: clock.
   */
  clockRaise: `with raised as (
  update posthaste.store set clock = posthaste.clock($1, $2) where one and clock < posthaste.clock($1, $2) returning clock
)
select coalesce((select clock from raised), (select clock from posthaste.store where one)) as clock`,
  /**
   * Removes documents. Parameters: collections, keys.
   */
  documentsDelete: `delete from posthaste.records where ctid = any (array(
  select d.place
  from unnest($1::text[], $2::text[]) as g (collection, key)
  cross join lateral (
    select ctid as place from posthaste.records where collection = g.collection and key = g.key limit 1
  ) as d
))`,
  /**
   * Removes some of the documents that have expired. Parameters: limit; then floor and fixed of the clock. Index:
   * records_to_expire.
   */
  documentsExpire: `delete from posthaste.records where ctid = any (array(
  select ctid from posthaste.records where expires_at <= (select posthaste.clock($2, $3)) limit $1 for update skip locked
))`,
  /**
   * Lets one writer at a time to each document, also to one that does not exist yet. To be run before they are read,
   * as a statement of its own. Parameters: the number of the schema among the advisory locks; numbers of locks in
   * ascending order.
   */
  documentsGate: `select count(pg_advisory_xact_lock($1, number)) as number from unnest($2::integer[]) as g (number)`,
  /**
   * Documents of a collection by key. Parameters: collection, first key, key after which to go on or null, limit; then
   * floor and fixed of the clock. Result: key, value, version, expires_at. The reader stops where keys no longer begin
   * as wanted.
   */
  documentsPage: `select key, value, version, expires_at from posthaste.records
where collection = $1 and key >= $2 and ($3::text is null or key > $3)
  and (expires_at is null or expires_at > (select posthaste.clock($5, $6)))
order by key
limit $4`,
  /**
   * Documents. Parameters: collections, keys; then floor and fixed of the clock. Result: collection, key, value,
   * version, expires_at.
   */
  documentsRead: `select d.collection, d.key, d.value, d.version, d.expires_at
from unnest($1::text[], $2::text[]) as g (collection, key)
cross join lateral (
  select * from posthaste.records
  where collection = g.collection and key = g.key and (expires_at is null or expires_at > (select posthaste.clock($3, $4)))
  limit 1
) as d`,
  /**
   * Writes documents. Parameters: arrays of collections, keys, values, versions, expires_at.
   */
  documentsWrite: `insert into posthaste.records (collection, key, value, version, expires_at)
select * from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[])
on conflict (collection, key) do update set
  value = excluded.value, version = excluded.version, expires_at = excluded.expires_at`,
  /**
   * Lets the groups of queues take turns from now on. Parameters: queues.
   */
  fairAdd: `insert into posthaste.fair (queue, last)
select queue, 0 from unnest($1::text[]) as g (queue)
where not exists (select from posthaste.fair as f where f.queue = g.queue)
order by queue
on conflict (queue) do nothing`,
  /**
   * Takes jobs from the finished ones. Parameters: arrays of kinds, states, ids, fences; how many they are.
   * Index: the primary key of finished.
   */
  finishedDelete: `with gone as (
  delete from posthaste.finished where ctid = any (array(
    select f.place
    from unnest($1::integer[], $2::text[], $3::uuid[], $4::integer[]) as g (kind, state, id, fence)
    cross join lateral (
      select ctid as place from posthaste.finished
      where kind = g.kind and state = g.state and id = g.id and fence = g.fence limit 1
    ) as f
  ))
  returning 1
)
select posthaste.expect((select count(*) from gone), $5::bigint)`,
  /**
   * Ends jobs. Parameters: arrays of finished_at, started_at, attempts, ids, kinds, fences, solo, has_notes, states,
   * workers, outputs.
   */
  finishedInsert: `insert into posthaste.finished (
  finished_at, started_at, attempt, id, kind, fence, solo, has_notes, state, worker, output
)
select *
from unnest(
  $1::bigint[], $2::bigint[], $3::bigint[], $4::uuid[], $5::integer[], $6::integer[], $7::boolean[], $8::boolean[],
  $9::text[], $10::text[], $11::text[]
)`,
  /**
   * Finished jobs of a state by the end of them. Parameters: the state, finished_at and id with which to go on, for how
   * long they must have been finished, the limit, floor and fixed of the clock. Result: id. Index: finished_to_prune.
   */
  finishedPage: `select f.id
from posthaste.clock($6, $7) as c (now), posthaste.finished as f
where f.state = $1 and (f.finished_at, f.id) >= ($2::bigint, $3::uuid) and f.finished_at <= c.now - $4::bigint
order by f.finished_at, f.id
limit $5`,
  /**
   * Queues are about to be paused: waits for the claims that are under way. Parameters: the number of the schema among
   * the advisory locks.
   */
  gateClose: `select pg_advisory_xact_lock($1, 1)`,
  /**
   * A claim begins: it waits for a pause that is under way, so that it sees what it paused, and for the claim of the same
   * engine before it, so that it need not look past what that one takes. To be run before the claim, as a statement of
   * its own. Parameters: the number of the schema among the advisory locks; that of the engine.
   */
  gatePass: `select pg_advisory_xact_lock_shared($1, 1), pg_advisory_xact_lock($1, $2)`,
  /**
   * Moves groups on, and parks those whose limit is reached. Parameters: arrays of queues, names of groups, turns, until
   * when they are parked (0: they are not), under how many running jobs they are looked at again (or null); lines, and
   * kinds that stand for the jobs without a group, of which jobs were taken; queues, and the furthest turn that each has
   * given. Index: lines_to_gather.
   */
  groupsMove: `with given as materialized (
  select * from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[]) as g (queue, name, turn, until, capacity)
),
moved as (
  insert into posthaste.groups as o (queue, name, turn, is_idle, parked_until, capacity)
  select queue, name, turn, false, until, capacity from given
  on conflict (queue, name) do update
  set turn = excluded.turn, parked_until = excluded.parked_until, capacity = excluded.capacity
),
passed as (
  update posthaste.fair as f set last = g.last
  from (select * from unnest($7::text[], $8::bigint[]) as p (queue, last)) as g
  where f.queue = g.queue and f.last < g.last
)
insert into posthaste.touched (line, is_idle)
select line, false from unnest($6::integer[]) as g (line)
union all
select l.line, false
from given as g cross join lateral (
  select line from posthaste.lines where queue = g.queue and coalesce('=' || "group", '') = g.name
) as l
where g.name <> ''`,
  /**
   * Groups that were parked are looked at again when their time has come, or when fewer of their jobs run than may.
   * Parameters: floor and fixed of the clock.
   * Indexes: groups_to_open, groups_to_count, running_to_count, lines_to_gather and the primary key of lines.
   */
  groupsOpen: `with counted as materialized (
  select l.queue, coalesce('=' || l."group", '') as name, sum(r.number) as number
  from (
    select line, count(*) as number from posthaste.running
    where line is not null and (select exists (select from posthaste.groups where capacity is not null))
    group by line
  ) as r
  cross join lateral (select queue, "group" from posthaste.lines where line = r.line limit 1) as l
  group by 1, 2
),
opening as materialized (
  select queue, name from posthaste.groups where parked_until > 0 and parked_until <= (select posthaste.clock($1, $2))
  union
  select g.queue, g.name
  from posthaste.groups as g left join counted as c on c.queue = g.queue and c.name = g.name
  where g.capacity is not null and coalesce(c.number, 0) < g.capacity
),
opened as (
  update posthaste.groups as g set parked_until = 0, capacity = null
  from opening as o
  where g.queue = o.queue and g.name = o.name
)
insert into posthaste.touched (line, is_idle)
select l.line, false
from opening as o cross join lateral (
  select line from posthaste.lines where queue = o.queue and coalesce('=' || "group", '') = o.name
) as l`,
  /**
   * Stores jobs without keys that are blocked by nothing, of which nearly always none is known. A known id changes
   * nothing. Parameters: arrays, an empty one standing for nulls: ids (no id twice), kinds, priorities, payloads,
   * run_at, delay_ms, max_retries, lease_ms, groups, options, refs, tags; then floor and fixed of the clock. Result:
   * now. Index: lines_to_find.
   */
  insert: `with given as materialized (
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
select now from posthaste.clock($13, $14) as c (now)`,
  /**
   * Adds jobs in a caller's transaction. Every parameter is bound as text, because drivers that ask the server for the
   * types would write the others in ways of their own. Parameters: a JSON array of jobs, the id of the store; floor and
   * fixed of the clock; how many ms to wait for rivals. Result, in the order of the jobs: id of the job or of who holds its
   * key, now.
   */
  jobsAdd: `select a.id, a.now
from posthaste.add_jobs($1::text::json, $2::text::uuid, $3::text::bigint, $4::text::bigint, $5::text::integer) as a
order by a.number`,
  /**
   * Forgets jobs that are in no place any more, with their notes, logs and ties. Parameters: ids.
   */
  jobsDelete: `with forgotten_notes as (delete from posthaste.notes where id = any ($1::uuid[])),
forgotten_logs as (delete from posthaste.logs where id = any ($1::uuid[])),
forgotten_ties as (delete from posthaste.ties where id = any ($1::uuid[]))
delete from posthaste.jobs where id = any ($1::uuid[])`,
  /**
   * Stores jobs that nobody knows. Fails when one of them is known by now. Parameters: arrays, an empty one standing
   * for nulls: ids, created_at, run_at, lease_ms, max_retries, kinds, priorities, payloads, groups, options, keys,
   * refs, tags, ties.
   */
  jobsInsert: `insert into posthaste.jobs (
  id, created_at, run_at, lease_ms, max_retries, kind, priority, payload, "group", options, key, ref, tags, ties
)
select *
from unnest(
  $1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::integer[], $7::smallint[], $8::text[], $9::text[],
  $10::text[], $11::text[], $12::text[], $13::text[], $14::text[]
)`,
  /**
   * Which of some jobs exist. Parameters: ids. Result: id. Index: the primary key of jobs.
   */
  jobsKnown: `select id from posthaste.jobs where id = any ($1::uuid[])`,
  /**
   * Gives jobs other priorities; their places follow. Parameters: arrays of ids, priorities. Index: the primary key of jobs.
   */
  jobsPriority: `update posthaste.jobs as j set priority = g.priority
from unnest($1::uuid[], $2::smallint[]) as g (id, priority)
where j.id = g.id`,
  /**
   * Removes some of the holds on keys that have expired. Parameters: limit; then floor and fixed of the clock. Index:
   * keys_to_expire.
   */
  keysExpire: `delete from posthaste.keys where ctid = any (array(
  select ctid from posthaste.keys where expires_at <= (select posthaste.clock($2, $3)) limit $1 for update skip locked
))`,
  /**
   * Gives unique keys back. Parameters: keys, ids of their holders; how many they are.
   */
  keysFree: `with freed as (
  delete from posthaste.keys where ctid = any (array(
    select k.place
    from unnest($1::text[], $2::uuid[]) as g (key, id)
    cross join lateral (select ctid as place from posthaste.keys where key = g.key and id = g.id limit 1) as k
  ))
  returning 1
)
select posthaste.expect((select count(*) from freed), $3::bigint)`,
  /**
   * Who holds unique keys. Parameters: keys. Result: key, id, until, expires_at. Index: the primary key of keys.
   */
  keysRead: `select key, id, until, expires_at from posthaste.keys where key = any ($1::text[])`,
  /**
   * Takes unique keys. Ends the transaction when someone has taken one meanwhile; whose hold expired has none. Parameters:
   * arrays of keys, ids, until, expires_at; how many they are; then floor and fixed of the clock.
   */
  keysTake: `with taken as (
  insert into posthaste.keys as k (key, id, until, expires_at)
  select * from unnest($1::text[], $2::uuid[], $3::text[], $4::bigint[]) as g (key, id, until, expires_at) order by key
  on conflict (key) do update set id = excluded.id, until = excluded.until, expires_at = excluded.expires_at
    where k.expires_at <= (select posthaste.clock($6, $7))
  returning 1
)
select posthaste.expect((select count(*) from taken), $5::bigint)`,
  /**
   * Numbers for pairs of queue and task that have none. Parameters: queues, tasks.
   */
  kindsAdd: `insert into posthaste.kinds (queue, task)
select * from unnest($1::text[], $2::text[]) as g (queue, task) order by queue, task
on conflict (queue, task) do nothing`,
  /**
   * Numbers of pairs of queue and task, and whether their queues are known to have had a job. Parameters: queues, tasks.
   * Result: kind, queue, task, is_known. Index: the unique one of kinds. Bound as text, for the drivers of callers.
   */
  kindsFind: `select k.kind, k.queue, k.task, exists (select from posthaste.queues as q where q.queue = k.queue) as is_known
from unnest($1::text::text[], $2::text::text[]) as g (queue, task)
cross join lateral (select * from posthaste.kinds where queue = g.queue and task = g.task limit 1) as k`,
  /**
   * The names behind numbers. Parameters: kinds. Result: kind, queue, task.
   */
  kindsRead: `select kind, queue, task from posthaste.kinds where kind = any ($1::integer[])`,
  /**
   * Leases that ran out, in the order in which they did. Parameters: lease_until and id with which to go on, limit;
   * then floor and fixed of the clock. Result: id. Reads every lease; there are not many.
   */
  leasesExpired: `select id from posthaste.running
where lease_until <= (select posthaste.clock($4, $5)) and (lease_until, id) >= ($1::bigint, $2::uuid)
order by lease_until, id
limit $3`,
  /**
   * Leases of a worker. Parameters: worker. Result: id, fence. Reads every lease; there are not many.
   */
  leasesOfWorker: `select id, fence from posthaste.running where worker = $1 order by id`,
  /**
   * Has those looked at again that settings speak of: lets groups catch up and opens them, and puts lines to their limit
   * key. Parameters: arrays of queues and names of groups; queues of which all groups are opened; limit keys.
   * Indexes: the primary key of groups; lines_to_gather, lines_to_bound.
   */
  limitsApply: `with named as materialized (
  select o.queue, o.name, o.place
  from unnest($1::text[], $2::text[]) as g (queue, name)
  cross join lateral (
    select queue, name, ctid as place from posthaste.groups where queue = g.queue and name = g.name limit 1
  ) as o
),
parked as materialized (
  select o.queue, o.name, o.place
  from unnest($3::text[]) as g (queue)
  cross join lateral (
    select queue, name, ctid as place from posthaste.groups where queue = g.queue and parked_until > 0 offset 0
  ) as o
),
opened as (
  update posthaste.groups as o
  set parked_until = 0, capacity = null,
    turn = case
      when exists (select from named as n where n.place = o.ctid)
      then greatest(o.turn, (select last from posthaste.fair as f where f.queue = o.queue))
      else o.turn
    end
  where o.ctid = any (array(select place from named union select place from parked))
)
insert into posthaste.touched (line, is_idle)
select l.line, false
from (select queue, name from named union select queue, name from parked) as n
cross join lateral (
  select line from posthaste.lines where queue = n.queue and coalesce('=' || "group", '') = n.name offset 0
) as l
union all
select l.line, false
from unnest($4::text[]) as g ("limit")
cross join lateral (select line from posthaste.lines where "limit" = g."limit" offset 0) as l`,
  /**
   * Removes settings. Parameters: arrays of scopes, names.
   */
  limitsDelete: `delete from posthaste.limits as l using unnest($1::text[], $2::text[]) as g (scope, name)
where l.scope = g.scope and l.name = g.name`,
  /**
   * All settings of limits. Result: scope, name, concurrency, rate_max, rate_per_ms, weight, paused_by, by, version,
   * paused_at.
   */
  limitsRead: `select scope, name, concurrency, rate_max, rate_per_ms, weight, paused_by, by, version, paused_at
from posthaste.limits
order by scope, name`,
  /**
   * Writes settings. Parameters: arrays of scopes, names, concurrency, rate_max, rate_per_ms, weights, paused_by, by,
   * versions, paused_at.
   */
  limitsWrite: `insert into posthaste.limits (
  scope, name, concurrency, rate_max, rate_per_ms, weight, paused_by, by, version, paused_at
)
select *
from unnest(
  $1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::integer[], $7::text[], $8::text[], $9::bigint[],
  $10::bigint[]
)
on conflict (scope, name) do update
set concurrency = excluded.concurrency, rate_max = excluded.rate_max, rate_per_ms = excluded.rate_per_ms,
  weight = excluded.weight, paused_by = excluded.paused_by, by = excluded.by, version = excluded.version,
  paused_at = excluded.paused_at`,
  /**
   * Numbers for lines that have none. Parameters: arrays of kinds, queues, groups, limit keys.
   */
  linesAdd: `insert into posthaste.lines (kind, queue, "group", "limit")
select * from unnest($1::integer[], $2::text[], $3::text[], $4::text[]) as g (kind, queue, "group", "limit")
order by kind, "group", "limit"
on conflict do nothing`,
  /**
   * Numbers of lines. Parameters: arrays of kinds, groups, limit keys. Result: kind, group, limit, line, whether groups of
   * its queue take turns, queue.
   * Index: lines_to_find. Bound as text, for the drivers of callers.
   */
  linesFind: `select l.kind, l."group", l."limit", l.line, exists (select from posthaste.fair as f where f.queue = l.queue), l.queue
from unnest($1::text::integer[], $2::text::text[], $3::text::text[]) as g (kind, "group", "limit")
cross join lateral (
  select * from posthaste.lines
  where kind = g.kind and coalesce('=' || "group", '') = coalesce('=' || g."group", '')
    and coalesce('=' || "limit", '') = coalesce('=' || g."limit", '')
  limit 1
) as l`,
  /**
   * Stores log lines; a line that is there stays as it came first. Parameters: arrays of ids, fences, seqs, at,
   * levels, messages.
   */
  logsInsert: `insert into posthaste.logs (id, fence, seq, at, level, message)
select * from unnest($1::uuid[], $2::integer[], $3::bigint[], $4::bigint[], $5::text[], $6::text[])
on conflict (id, fence, seq) do nothing`,
  /**
   * Log lines of jobs. Parameters: ids. Result: id, fence, seq, at, level, message.
   */
  logsOf: `select id, fence, seq, at, level, message from posthaste.logs where id = any ($1::uuid[]) order by id, fence, seq`,
  /**
   * Log lines of a job. Parameters: id, then fence and seq after which to go on, limit. Result: fence, seq, at, level,
   * message.
   */
  logsRead: `select fence, seq, at, level, message from posthaste.logs
where id = $1 and (fence, seq) > ($2::bigint, $3::bigint)
order by fence, seq
limit $4`,
  /**
   * Forgets all but the newest log lines of jobs. Parameters: ids, how many lines of each are kept. Index: the primary key
   * of logs.
   */
  logsTrim: `delete from posthaste.logs where ctid = any (array(
  select l.place
  from unnest($1::uuid[]) as g (id)
  cross join lateral (
    select ctid as place from posthaste.logs where id = g.id order by fence desc, seq desc offset $2
  ) as l
))`,
  /**
   * Adds moves up into the counts, those that nobody else is adding up. Parameters: how many at most. Result: how many
   * they were.
   */
  movesAddUp: `with some_moves as materialized (
  select ctid as place from posthaste.moves limit $1 for update skip locked
),
gone as (
  delete from posthaste.moves where ctid = any (array(select place from some_moves))
  returning kind, from_state, to_state, number
),
added as (
  insert into posthaste.counts as c (kind, state, number)
  select kind, state, sum(number)
  from (
    select kind, to_state as state, number from gone where to_state is not null
    union all
    select kind, from_state, -number from gone where from_state is not null
  ) as n
  group by kind, state
  order by kind, state
  on conflict (kind, state) do update set number = c.number + excluded.number
)
select count(*) as number from gone`,
  /**
   * Notes how many jobs went from where to where. Parameters: arrays of kinds, states left or null, states entered or
   * null, numbers.
   */
  movesInsert: `insert into posthaste.moves (kind, from_state, to_state, number)
select * from unnest($1::integer[], $2::text[], $3::text[], $4::integer[])`,
  /**
   * Forgets news, unless there are newer ones. Parameters: arrays of topics, ids, seq. Index: the primary key of news.
   */
  newsClear: `with known as materialized (
  select n.topic, n.id
  from unnest($1::text[], $2::text[], $3::bigint[]) as g (topic, id, seq)
  join posthaste.news as n on n.topic = g.topic and n.id = g.id and n.seq = g.seq
  order by n.topic, n.id
  for update of n
)
delete from posthaste.news as n using known as k where n.topic = k.topic and n.id = k.id`,
  /**
   * What there is to decide. Parameters: topic and id after which to go on, limit. Result: topic, id, seq. Index: the
   * primary key of news.
   */
  newsPage: `select topic, id, seq from posthaste.news where (topic, id) > ($1::text, $2::text) order by topic, id limit $3`,
  /**
   * Tells of jobs and batches. Parameters: arrays of topics, ids.
   */
  newsTell: `insert into posthaste.news (topic, id, seq)
select g.topic, g.id, nextval('posthaste.told')
from (select * from unnest($1::text[], $2::text[]) as u (topic, id) order by topic collate "C", id collate "C") as g
on conflict (topic, id) do update set seq = excluded.seq`,
  /**
   * The store's time, and when the next scheduled or retrying job is due.
   * Parameters: floor and fixed of the clock. Result: now, next_due_at. Index: waiting_to_promote.
   */
  nextDue: `select posthaste.clock($1, $2) as now, (select min(run_at) from posthaste.waiting where state <> 'blocked') as next_due_at`,
  /**
   * Forgets the notes of jobs. Parameters: ids.
   */
  notesDelete: `delete from posthaste.notes where id = any ($1::uuid[])`,
  /**
   * Writes the notes of jobs, all of them. Parameters: arrays of ids, retries, crashes, run_at, started_at, reasons,
   * workers, outputs, errors, histories, progress, checkpoints.
   */
  notesWrite: `insert into posthaste.notes (
  id, retries, crashes, run_at, started_at, reason, worker, output, error, history, progress, checkpoint
)
select *
from unnest(
  $1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[],
  $10::text[], $11::text[], $12::text[]
)
on conflict (id) do update set
  retries = excluded.retries, crashes = excluded.crashes, run_at = excluded.run_at, started_at = excluded.started_at,
  reason = excluded.reason, worker = excluded.worker, output = excluded.output, error = excluded.error,
  history = excluded.history, progress = excluded.progress, checkpoint = excluded.checkpoint`,
  /**
   * Tells listeners, with the end of the transaction. That is worth no sync: what a hint tells is in the store already, and one
   * that is lost with the server leaves its jobs to the poll. Parameters: channel, message.
   */
  notify: `select set_config('synchronous_commit', 'off', true), pg_notify($1, $2)`,
  /**
   * The store's time. Parameters: floor and fixed of the clock. Result: now.
   */
  now: `select posthaste.clock($1, $2) as now`,
  /**
   * Ids of all jobs, the newest first. Parameters: id with which to go on, limit. Result: id. Index: the primary key
   * of jobs.
   */
  pageAllDown: `select id from posthaste.jobs where id <= $1::uuid order by id desc limit $2`,
  /**
   * Ids of all jobs, the oldest first. Parameters: id with which to go on, limit. Result: id. Index: the primary key
   * of jobs.
   */
  pageAllUp: `select id from posthaste.jobs where id >= $1::uuid order by id limit $2`,
  /**
   * Ids of finished jobs, the newest first. Parameters: id with which to go on, limit, arrays of kinds and states.
   * Result: id. Index: the primary key of finished.
   */
  pageFinishedDown: `select p.id
from unnest($3::integer[], $4::text[]) as g (kind, state)
cross join lateral (
  select id from posthaste.finished where kind = g.kind and state = g.state and id <= $1::uuid order by id desc limit $2
) as p
order by p.id desc
limit $2`,
  /**
   * Ids of finished jobs, the oldest first. Parameters: id with which to go on, limit, arrays of kinds and states.
   * Result: id. Index: the primary key of finished.
   */
  pageFinishedUp: `select p.id
from unnest($3::integer[], $4::text[]) as g (kind, state)
cross join lateral (
  select id from posthaste.finished where kind = g.kind and state = g.state and id >= $1::uuid order by id limit $2
) as p
order by p.id
limit $2`,
  /**
   * Ids of jobs with a key, the newest first. Parameters: id with which to go on, limit, key. Result: id. Index:
   * jobs_to_list_by_key.
   */
  pageKeyDown: `select id from posthaste.jobs where key = $3 and id <= $1::uuid order by id desc limit $2`,
  /**
   * Ids of jobs with a key, the oldest first. Parameters: id with which to go on, limit, key. Result: id. Index:
   * jobs_to_list_by_key.
   */
  pageKeyUp: `select id from posthaste.jobs where key = $3 and id >= $1::uuid order by id limit $2`,
  /**
   * Ids of ready jobs, the newest first. Parameters: id with which to go on, limit, kinds. Result: id.
   * Reads all ready jobs of these kinds: no index of `ready` is in the order of ids, because each claim would pay for it.
   */
  pageReadyDown: `select id from posthaste.ready where kind = any ($3::integer[] || array(select line from posthaste.lines where kind = any ($3))) and id <= $1::uuid order by id desc limit $2`,
  /**
   * Ids of ready jobs, the oldest first. Parameters: id with which to go on, limit, kinds. Result: id.
   * Reads all ready jobs of these kinds: no index of `ready` is in the order of ids, because each claim would pay for it.
   */
  pageReadyUp: `select id from posthaste.ready where kind = any ($3::integer[] || array(select line from posthaste.lines where kind = any ($3))) and id >= $1::uuid order by id limit $2`,
  /**
   * Ids of jobs with a ref, the newest first. Parameters: id with which to go on, limit, ref. Result: id. Index:
   * jobs_to_list_by_ref.
   */
  pageRefDown: `select id from posthaste.jobs where ref = $3 and id <= $1::uuid order by id desc limit $2`,
  /**
   * Ids of jobs with a ref, the oldest first. Parameters: id with which to go on, limit, ref. Result: id. Index:
   * jobs_to_list_by_ref.
   */
  pageRefUp: `select id from posthaste.jobs where ref = $3 and id >= $1::uuid order by id limit $2`,
  /**
   * Ids of running jobs, the newest first. Parameters: id with which to go on, limit, kinds. Result: id.
   * Index: the primary key of running (jobs of other kinds are passed over; there are not many).
   */
  pageRunningDown: `select id from posthaste.running where kind = any ($3::integer[]) and id <= $1::uuid order by id desc limit $2`,
  /**
   * Ids of running jobs, the oldest first. Parameters: id with which to go on, limit, kinds. Result: id.
   * Index: the primary key of running (jobs of other kinds are passed over; there are not many).
   */
  pageRunningUp: `select id from posthaste.running where kind = any ($3::integer[]) and id >= $1::uuid order by id limit $2`,
  /**
   * Ids of jobs that are bound to a target, the newest first. Parameters: id with which to go on, limit, target. Result: id.
   * Index: the primary key of ties.
   */
  pageTieDown: `select id from posthaste.ties where target = $3 and id <= $1::uuid order by id desc limit $2`,
  /**
   * Ids of jobs that are bound to a target, the oldest first. Parameters: id with which to go on, limit, target. Result: id.
   * Index: the primary key of ties.
   */
  pageTieUp: `select id from posthaste.ties where target = $3 and id >= $1::uuid order by id limit $2`,
  /**
   * Ids of waiting jobs, the newest first. Parameters: id with which to go on, limit, arrays of kinds and states.
   * Result: id. Index: waiting_to_list.
   */
  pageWaitingDown: `select p.id
from unnest($3::integer[], $4::text[]) as g (kind, state)
cross join lateral (
  select id from posthaste.waiting where kind = g.kind and state = g.state and id <= $1::uuid order by id desc limit $2
) as p
order by p.id desc
limit $2`,
  /**
   * Ids of waiting jobs, the oldest first. Parameters: id with which to go on, limit, arrays of kinds and states.
   * Result: id. Index: waiting_to_list.
   */
  pageWaitingUp: `select p.id
from unnest($3::integer[], $4::text[]) as g (kind, state)
cross join lateral (
  select id from posthaste.waiting where kind = g.kind and state = g.state and id >= $1::uuid order by id limit $2
) as p
order by p.id
limit $2`,
  /**
   * How many jobs there are by queue, task and state. Result: kind, queue, task, state, number.
   */
  places: `select k.kind, k.queue, k.task, n.state, sum(n.number) as number
from (
  select kind, state, number from posthaste.counts
  union all
  select kind, to_state, number from posthaste.moves where to_state is not null
  union all
  select kind, from_state, -number from posthaste.moves where from_state is not null
) as n
join posthaste.kinds as k on k.kind = n.kind
group by k.kind, k.queue, k.task, n.state
having sum(n.number) <> 0`,
  /**
   * Makes jobs claimable whose time has come, the earliest first. Parameters: limit; then floor and fixed of the clock.
   * Result: how many, when the next one after now is due. Index: waiting_to_promote.
   */
  promote: `with due as materialized (
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
  ) as next_due_at`,
  /**
   * One pruner at a time; the next one sees what this one left. Parameters: the number of the schema among the
   * advisory locks.
   */
  pruneGate: `select pg_advisory_xact_lock($1, 2)`,
  /**
   * Removes finished jobs of a state, the oldest first, with all that is known of them. Parameters: state, age_ms, how
   * many are kept, least age_ms, limit; then floor and fixed of the clock. Result: how many were removed, whether more
   * remain to be. Index: finished_to_prune.
   */
  prune: `with size as materialized (
  select coalesce(sum(number), 0) as number
  from (
    select number from posthaste.counts where state = $1
    union all
    select number from posthaste.moves where to_state = $1
    union all
    select -number from posthaste.moves where from_state = $1
  ) as n
),
oldest as materialized (
  select ctid as place, finished_at, row_number() over (order by finished_at, id) as number
  from (
    select ctid, finished_at, id from posthaste.finished where state = $1 order by finished_at, id limit $5 + 1
  ) as f
),
old as materialized (
  select o.place, o.number
  from oldest as o, size, posthaste.clock($6, $7) as c (now)
  where (o.finished_at < c.now - $2::bigint or o.number <= size.number - $3::bigint) and o.finished_at <= c.now - $4::bigint
),
gone as (
  delete from posthaste.finished where ctid = any (array(select place from old where number <= $5))
  returning id, kind
),
forgotten_jobs as (delete from posthaste.jobs where id = any (array(select id from gone))),
forgotten_notes as (delete from posthaste.notes where id = any (array(select id from gone))),
forgotten_logs as (delete from posthaste.logs where id = any (array(select id from gone))),
forgotten_ties as (delete from posthaste.ties where id = any (array(select id from gone))),
moved as (
  insert into posthaste.moves (kind, from_state, number) select kind, $1, count(*) from gone group by kind
)
select (select count(*) from gone) as removed, exists (select from old where number > $5) as more`,
  /**
   * Pauses a queue; who paused it first, and when, is kept. Parameters: queue, by; then floor and fixed of the clock.
   * Result: a row when something changed.
   */
  queuePause: `insert into posthaste.queues as q (queue, paused_at, paused_by) values ($1, posthaste.clock($3, $4), $2)
on conflict (queue) do update set paused_at = excluded.paused_at, paused_by = excluded.paused_by where q.paused_at is null
returning queue`,
  /**
   * Resumes a queue. Parameters: queue. Result: a row when something changed.
   */
  queueResume: `update posthaste.queues set paused_at = null, paused_by = null where queue = $1 and paused_at is not null returning queue`,
  /**
   * Makes queues known. Parameters: queues.
   */
  queuesAdd: `insert into posthaste.queues (queue) select * from unnest($1::text[]) as g (queue) order by queue on conflict (queue) do nothing`,
  /**
   * Every queue by name, and the earliest run_at of its claimable jobs: one look at the index for each priority of a
   * kind, and one or two for each line that ever was. Result: queue, paused_at, paused_by, oldest_ready_at. Indexes: the
   * primary key of ready; lines_to_gather.
   */
  queuesAll: `select q.queue, q.paused_at, q.paused_by, least((
  select min(r.run_at)
  from posthaste.kinds as k
  cross join generate_series(0, 9) as p (priority)
  cross join lateral (
    select run_at from posthaste.ready where kind = k.kind and priority = p.priority order by run_at limit 1
  ) as r
  where k.queue = q.queue
), (
  select min(least(r.run_at, case when r.has_others then (
    select min(o.run_at)
    from generate_series(r.priority + 1, 9) as p (priority)
    cross join lateral (
      select run_at from posthaste.ready where kind = r.kind and priority = p.priority order by run_at limit 1
    ) as o
  ) end))
  from (select line from posthaste.lines where queue = q.queue offset 0) as l
  cross join lateral (
    select f.*, exists (
      select from posthaste.ready as o where o.kind = f.kind and o.priority > f.priority limit 1
    ) as has_others
    from (
      select kind, priority, run_at from posthaste.ready where kind = l.line order by priority, run_at limit 1
    ) as f
  ) as r
)) as oldest_ready_at
from posthaste.queues as q
order by q.queue`,
  /**
   * Takes jobs from the claimable ones. Parameters: arrays of kinds, priorities, run_at, ids, fences, places as they were
   * read; how many they are. They are found by their places.
   */
  readyDelete: `with gone as (
  delete from posthaste.ready where ctid = any (array(
    select r.place
    from unnest($1::integer[], $2::smallint[], $3::bigint[], $4::uuid[], $5::integer[], $6::text[])
      as g (kind, priority, run_at, id, fence, place)
    cross join lateral (
      select ctid as place from posthaste.ready
      where kind = g.kind and priority = g.priority and run_at = g.run_at and id = g.id and fence = g.fence
        and ctid = g.place::tid
      limit 1
    ) as r
  ))
  returning 1
)
select posthaste.expect((select count(*) from gone), $7::bigint)`,
  /**
   * Makes jobs claimable. Parameters: arrays of run_at, attempts, lease_ms, ids, lines or kinds, fences, priorities, solo,
   * has_notes, has_key.
   */
  readyInsert: `insert into posthaste.ready (run_at, attempt, lease_ms, id, kind, fence, priority, solo, has_notes, has_key)
select *
from unnest(
  $1::bigint[], $2::bigint[], $3::bigint[], $4::uuid[], $5::integer[], $6::integer[], $7::smallint[], $8::boolean[],
  $9::boolean[], $10::boolean[]
)`,
  /**
   * Everything about jobs. Parameters: ids. Result: in the order of the ids, none for those that are not known, the
   * columns that records.ts names. Indexes: one look into the primary key of each table for each job.
   */
  record: `select
  j.id, k.task, k.queue, j."group", j.priority, j.payload, j.max_retries, j.lease_ms, j.options, j.key, j.ref, j.tags,
  coalesce(f.state, w.state, case when r.id is null then 'ready' else 'running' end) as state,
  n.reason, j.created_at, coalesce(n.run_at, j.run_at, j.created_at) as run_at,
  coalesce(r.started_at, f.started_at, n.started_at) as started_at, f.finished_at,
  coalesce(a.attempt, r.attempt, w.attempt, f.attempt) as attempt, coalesce(n.retries, 0) as retries,
  coalesce(n.crashes, 0) as crashes, coalesce(a.solo, r.solo, w.solo, f.solo) as solo,
  coalesce(a.fence, r.fence, w.fence, f.fence) as fence, coalesce(r.worker, f.worker, n.worker) as worker,
  r.lease_until, coalesce(r.started, false) as started, r.cancel, coalesce(f.output, n.output) as output,
  n.error, n.history, n.progress, n.checkpoint, j.kind, j.run_at as first_run_at, n.id is not null as has_notes,
  h.id as holder, h.until, h.expires_at, j.ties, coalesce(a.place, w.place) as place, l.line, a.kind as ready_kind
from unnest($1::uuid[]) with ordinality as wanted (id, number)
cross join lateral (select * from posthaste.jobs where id = wanted.id limit 1) as j
cross join lateral (select * from posthaste.kinds where kind = j.kind limit 1) as k
left join lateral (select * from posthaste.notes where id = j.id limit 1) as n on true
left join lateral (select * from posthaste.running where id = j.id limit 1) as r on true
left join lateral (select *, ctid::text as place from posthaste.waiting where id = j.id limit 1) as w on true
left join lateral (
  select * from posthaste.finished
  where kind = j.kind and state = any ('{completed,cancelled,dead}') and id = j.id limit 1
) as f on true
left join lateral (
  select line from posthaste.lines
  where (j."group" is not null or j.ties is not null)
    and kind = j.kind and coalesce('=' || "group", '') = coalesce('=' || j."group", '')
    and coalesce('=' || "limit", '') = coalesce('=' || (j.ties::json ->> 'limit'), '')
  limit 1
) as l on true
left join lateral (
  select *, ctid::text as place from posthaste.ready
  where kind = any (array[j.kind, l.line]) and priority = j.priority and run_at = coalesce(n.run_at, j.run_at, j.created_at) and id = j.id limit 1
) as a on true
left join lateral (select * from posthaste.keys where key = j.key limit 1) as h on true
order by wanted.number`,
  /**
   * Renews leases. Parameters: arrays of ids in their order (no lease twice), fences; lease length of jobs without one of
   * their own; then floor and fixed of the clock. Result: id and fence of each that runs under it, whether someone asked
   * to cancel it. Index: the primary key of running.
   */
  renew: `with held as materialized (
  select r.id, r.fence, r.is_unwanted
  from unnest($1::uuid[], $2::bigint[]) as g (id, fence)
  cross join lateral (
    select id, fence, cancel is not null as is_unwanted
    from posthaste.running where id = g.id and fence = g.fence limit 1 for update
  ) as r
),
renewed as (
  update posthaste.running set lease_until = (select posthaste.clock($4, $5)) + coalesce(lease_ms, $3)
  where id = any (array(select id from held))
)
select id, fence, is_unwanted from held`,
  /**
   * Notes the checkpoints of jobs. Parameters: arrays of ids, checkpoints.
   */
  reportCheckpoint: `insert into posthaste.notes (id, retries, crashes, checkpoint)
select id, 0, 0, checkpoint from unnest($1::uuid[], $2::text[]) as g (id, checkpoint) order by id
on conflict (id) do update set checkpoint = excluded.checkpoint`,
  /**
   * Locks leases of which something is reported. Parameters: arrays of ids (no lease twice), fences, whether there will
   * be notes. Result: id and fence of each that runs under it. Index: the primary key of running.
   */
  reportHold: `with held as materialized (
  select r.id, r.fence, g.has_notes
  from unnest($1::uuid[], $2::bigint[], $3::boolean[]) as g (id, fence, has_notes)
  join posthaste.running as r on r.id = g.id and r.fence = g.fence
  order by r.id
  for update of r
),
noted as (
  update posthaste.running as r set has_notes = true from held as h where r.id = h.id and h.has_notes and not r.has_notes
)
select id, fence from held`,
  /**
   * Notes the progress of jobs. Parameters: arrays of ids, progress.
   */
  reportProgress: `insert into posthaste.notes (id, retries, crashes, progress)
select id, 0, 0, progress from unnest($1::uuid[], $2::text[]) as g (id, progress) order by id
on conflict (id) do update set progress = excluded.progress`,
  /**
   * How many jobs run. Result: queue, task, group, limit, number. Reads every lease; there are not many.
   */
  runningCount: `select k.queue, k.task, l."group", l."limit", r.number
from (select kind, line, count(*) as number from posthaste.running group by kind, line) as r
cross join lateral (select queue, task from posthaste.kinds where kind = r.kind limit 1) as k
left join lateral (select "group", "limit" from posthaste.lines where line = r.line limit 1) as l on true`,
  /**
   * Ends leases. Parameters: arrays of ids, fences; how many they are. Index: the primary key of running.
   */
  runningDelete: `with gone as (
  delete from posthaste.running where ctid = any (array(
    select r.place
    from unnest($1::uuid[], $2::integer[]) as g (id, fence)
    cross join lateral (select ctid as place from posthaste.running where id = g.id and fence = g.fence limit 1) as r
  ))
  returning 1
)
select posthaste.expect((select count(*) from gone), $3::bigint)`,
  /**
   * Locks leases against everyone who would change or end them. Parameters: ids. Index: the primary key of running.
   */
  runningLock: `select id from posthaste.running where id = any ($1::uuid[]) order by id for update`,
  /**
   * Completes running jobs at their first try: nothing has to be written but one narrow row for each. All of them, or the
   * transaction ends: when one is not running under its fence, or has notes, they are settled one by one instead.
   * Parameters: arrays of ids in their order (no id twice), fences, attempts, started_at, outputs; how many they are; then
   * floor and fixed of the clock. Indexes: the primary keys of running, jobs and keys.
   */
  settlePlain: `with held as materialized (
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
select posthaste.expect((select count(*) from ended), $6::bigint)`,
  /**
   * Notes when jobs have to start. Parameters: arrays of at, ids.
   */
  startByAdd: `insert into posthaste.start_by (at, id) select * from unnest($1::bigint[], $2::uuid[]) as g (at, id) on conflict do nothing`,
  /**
   * Jobs that had to start by now and do not run. Parameters: time and id with which to go on, limit; then floor and fixed
   * of the clock. Result: id. Index: the primary key of start_by.
   */
  startByPage: `select id from posthaste.start_by as s
where at <= (select posthaste.clock($4, $5)) and (at, id) >= ($1::bigint, $2::uuid)
  and not exists (select from posthaste.running as r where r.id = s.id)
order by at, id
limit $3`,
  /**
   * Jobs started, or need not start any more. Parameters: arrays of at, ids. Index: the primary key of start_by.
   */
  startByRemove: `delete from posthaste.start_by as s using unnest($1::bigint[], $2::uuid[]) as g (at, id) where s.at = g.at and s.id = g.id`,
  /**
   * Records that handlers began. Parameters: arrays of ids (no lease twice), fences, attempts, started_at. Result: id and
   * fence of each that runs under it. Index: the primary key of running.
   */
  start: `with held as materialized (
  select r.id, r.fence, g.attempt, g.started_at
  from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[]) as g (id, fence, attempt, started_at)
  join posthaste.running as r on r.id = g.id and r.fence = g.fence
  order by r.id
  for update of r
),
begun as (
  update posthaste.running as r set attempt = h.attempt, started_at = h.started_at, started = true
  from held as h
  where r.id = h.id
)
select id, fence from held`,
  /**
   * Binds jobs. Parameters: arrays of targets, ids.
   */
  tiesAdd: `insert into posthaste.ties (target, id) select * from unnest($1::text[], $2::uuid[]) as g (target, id)`,
  /**
   * Who is bound to targets. Parameters: targets. Result: target, id. Index: the primary key of ties.
   */
  tiesRead: `select t.target, t.id
from unnest($1::text[]) as g (target)
cross join lateral (select target, id from posthaste.ties where target = g.target) as t`,
  /**
   * Lets the jobs without a group of some queues catch up, where they had none. Parameters: queues or null.
   * Indexes: the primary keys of groups and ready.
   */
  touchGroupless: `insert into posthaste.touched (line, is_idle)
select k.kind, false
from posthaste.fair as f
cross join lateral (
  select kind from posthaste.kinds as k
  where k.queue = f.queue and exists (select from posthaste.ready as r where r.kind = k.kind limit 1)
  limit 1
) as k
where ($1::text[] is null or f.queue = any ($1))
  and not exists (select from posthaste.groups as g where g.queue = f.queue and g.name = '' and not g.is_idle)`,
  /**
   * Notes that the ready jobs of lines are others now, and which groups have none left. To be run when jobs have left
   * `ready`, and before others enter. Parameters: lines; then arrays about groups that had none for a moment if they have
   * none now: the line, or a kind, that stands for the group, queues, names of the groups.
   * Indexes: the primary keys of fair and ready; lines_to_gather.
   */
  touch: `insert into posthaste.touched (line, is_idle)
select line, false from unnest($1::integer[]) as g (line)
union all
select g.line, true
from unnest($2::integer[], $3::text[], $4::text[]) as g (line, queue, name)
where exists (select from posthaste.fair as f where f.queue = g.queue)
  and not exists (
    select from posthaste.lines as l cross join lateral (select from posthaste.ready where kind = l.line limit 1) as r
    where l.queue = g.queue and coalesce('=' || l."group", '') = g.name
  )
  and (g.name <> '' or not exists (
    select from posthaste.kinds as k cross join lateral (select from posthaste.ready where kind = k.kind limit 1) as r
    where k.queue = g.queue
  ))`,
  /**
   * A claim that heeds limits or turns begins: one at a time, each of which sees what those before it took. To be run
   * behind gate-pass, as a statement of its own. Parameters: the number of the schema among the advisory locks.
   */
  turnPass: `select pg_advisory_xact_lock($1, 3)`,
  /**
   * Ends the waiting of jobs. Parameters: arrays of ids, fences, states, places as they were read; how many they are. They
   * are found by their places.
   */
  waitingDelete: `with gone as (
  delete from posthaste.waiting where ctid = any (array(
    select w.place
    from unnest($1::uuid[], $2::integer[], $3::text[], $4::text[]) as g (id, fence, state, place)
    cross join lateral (
      select ctid as place from posthaste.waiting 
      where id = g.id and fence = g.fence and state = g.state and ctid = g.place::tid limit 1
    ) as w
  ))
  returning 1
)
select posthaste.expect((select count(*) from gone), $5::bigint)`,
  /**
   * Makes jobs wait. Parameters: arrays of run_at, attempts, lease_ms, ids, kinds, fences, priorities, solo,
   * has_notes, has_key, states, lines.
   */
  waitingInsert: `insert into posthaste.waiting (
  run_at, attempt, lease_ms, id, kind, fence, priority, solo, has_notes, has_key, state, line
)
select *
from unnest(
  $1::bigint[], $2::bigint[], $3::bigint[], $4::uuid[], $5::integer[], $6::integer[], $7::smallint[], $8::boolean[],
  $9::boolean[], $10::boolean[], $11::text[], $12::integer[]
)`,
  /**
   * A worker lives; a beat after its time is a first one. Parameters: id, about, ttl_ms; then floor and fixed of the
   * clock.
   */
  workerBeat: `insert into posthaste.workers as w (id, about, ttl_ms, first_seen_at, last_seen_at)
select $1, $2, $3::bigint, now, now from posthaste.clock($4, $5) as c (now)
on conflict (id) do update set
  about = excluded.about, ttl_ms = excluded.ttl_ms, last_seen_at = excluded.last_seen_at,
  first_seen_at = case when w.last_seen_at + w.ttl_ms > excluded.last_seen_at then w.first_seen_at else excluded.first_seen_at end`,
  /**
   * A worker says goodbye. Parameters: id.
   */
  workerGone: `delete from posthaste.workers where id = $1`,
  /**
   * Workers that were heard of within their time. Parameters: floor and fixed of the clock. Result: id, about,
   * first_seen_at, last_seen_at.
   */
  workersAll: `select id, about, first_seen_at, last_seen_at from posthaste.workers
where last_seen_at + ttl_ms > (select posthaste.clock($1, $2))
order by id`,
  /**
   * Forgets workers that were not heard of for too long. Parameters: floor and fixed of the clock.
   */
  workersForget: `delete from posthaste.workers where ctid = any (array(
  select ctid from posthaste.workers where last_seen_at + ttl_ms <= (select posthaste.clock($1, $2)) for update skip locked
))`,
} as const

export const MIGRATIONS = [
  { name: '0001_schema', sql: `-- The life of a job, as tables. A job's row in \`jobs\` is written once, when it is added, and never touched until the
-- job is removed. Its state is the table in which it has a second, narrow row: \`waiting\`, \`ready\`, \`running\` or
-- \`finished\`. The usual path, add → claim → complete at the first try, is an append to \`jobs\` and three moves of a
-- narrow row. What most jobs never have (a reason, an error, a history, a checkpoint …) is in \`notes\`, for those
-- that have it (\`has_notes\`).
--
-- Times are epoch milliseconds of the store's clock. JSON is kept as text, byte for byte. Text that is compared or
-- sorted is so by its bytes (collation "C").

-- The store itself. \`clock\` is a time that the store has reached: whoever opens it never goes back behind it.
create table posthaste.store (
  one boolean primary key default true check (one),
  clock bigint not null
);
insert into posthaste.store (clock) values (0);

-- The store's time in the present transaction: that of the server, but never before \`floor\`; or \`fixed\`, when a test
-- brings its own clock.
create function posthaste.clock(floor bigint, fixed bigint) returns bigint language sql stable as
$$ select coalesce(fixed, greatest(floor, floor(extract(epoch from transaction_timestamp()) * 1000)::bigint)) $$;

-- Ends the transaction, with nothing done, when a statement did not find what its caller had seen. The caller reads
-- again and decides again.
create function posthaste.expect(number bigint, wanted bigint) returns void language plpgsql as
$$
begin
  if number is distinct from wanted then
    raise exception 'expected % rows and found %', wanted, number using errcode = 'PH001';
  end if;
end
$$;

-- (queue, task): names are written once and referred to by number. Jobs wait, are counted and are listed by it.
create table posthaste.kinds (
  kind integer generated always as identity primary key,
  queue text collate "C" not null,
  task text collate "C" not null,
  unique (queue, task)
);

-- How many jobs of a kind are in a state: the numbers here, and what \`moves\` adds to them.
create table posthaste.counts (
  kind integer not null,
  state text collate "C" not null check (state in ('blocked', 'scheduled', 'ready', 'running', 'retrying', 'completed', 'cancelled', 'dead')),
  number bigint not null,
  primary key (kind, state)
);

-- So many jobs of a kind went from one state to another (null: from or to nowhere). Every transaction that moves jobs
-- appends what it did, so that no two wait for each other; now and then the rows are added up into \`counts\`.
create table posthaste.moves (
  kind integer not null,
  from_state text collate "C",
  to_state text collate "C",
  number integer not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);

-- What was added.
create table posthaste.jobs (
  id uuid primary key,
  created_at bigint not null,
  -- When it was due first, where that is not the time of its creation. Later due times are in \`notes\`.
  run_at bigint,
  lease_ms bigint,
  max_retries bigint,
  kind integer not null,
  priority smallint not null check (priority between 0 and 9),
  payload text not null,
  "group" text collate "C",
  options text collate "C",
  key text collate "C",
  ref text collate "C",
  tags text collate "C"
);
-- Serve lists of the jobs with a key, or a ref.
create index jobs_to_list_by_key on posthaste.jobs (key, id) where key is not null;
create index jobs_to_list_by_ref on posthaste.jobs (ref, id) where ref is not null;

-- Jobs that may be claimed, in the order of claims within their kind.
create table posthaste.ready (
  run_at bigint not null,
  attempt bigint not null,
  lease_ms bigint,
  id uuid not null,
  kind integer not null,
  fence integer not null,
  priority smallint not null,
  solo boolean not null,
  has_notes boolean not null,
  has_key boolean not null,
  primary key (kind, priority, run_at, id)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000, autovacuum_vacuum_cost_delay = 0);

create table posthaste.waiting (
  run_at bigint not null,
  attempt bigint not null,
  lease_ms bigint,
  id uuid primary key,
  kind integer not null,
  fence integer not null,
  priority smallint not null,
  solo boolean not null,
  has_notes boolean not null,
  has_key boolean not null,
  state text collate "C" not null check (state in ('blocked', 'scheduled', 'retrying'))
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000, autovacuum_vacuum_cost_delay = 0);
-- Serves promotion, and tells when the next job is due.
create index waiting_to_promote on posthaste.waiting (run_at, id) where state <> 'blocked';
-- Serves lists by queue, task and state.
create index waiting_to_list on posthaste.waiting (kind, state, id);

-- One row is one lease. The space that is left in each page is for renewals.
create table posthaste.running (
  lease_until bigint not null,
  attempt bigint not null,
  lease_ms bigint,
  started_at bigint,
  id uuid primary key,
  kind integer not null,
  fence integer not null,
  started boolean not null,
  solo boolean not null,
  has_notes boolean not null,
  has_key boolean not null,
  worker text collate "C" not null,
  cancel text
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000, autovacuum_vacuum_cost_delay = 0);

-- History: appended to, and removed from its old end.
create table posthaste.finished (
  finished_at bigint not null,
  started_at bigint,
  attempt bigint not null,
  id uuid not null,
  kind integer not null,
  fence integer not null,
  solo boolean not null,
  has_notes boolean not null,
  state text collate "C" not null check (state in ('completed', 'cancelled', 'dead')),
  worker text collate "C",
  output text,
  primary key (kind, state, id)
);
-- Serves retention: the oldest of a state. Without the id, those that were settled together share an entry.
create index finished_to_prune on posthaste.finished (state, finished_at);

create table posthaste.notes (
  id uuid primary key,
  retries bigint not null,
  crashes bigint not null,
  -- When it is due, where that is not what \`jobs\` says.
  run_at bigint,
  started_at bigint,
  reason text,
  worker text collate "C",
  output text,
  error text,
  history text,
  progress text,
  checkpoint text
);

-- The unfinished job that holds each unique key.
create table posthaste.keys (
  key text collate "C" primary key,
  id uuid not null
);

create table posthaste.logs (
  id uuid not null,
  fence integer not null,
  seq bigint not null,
  at bigint not null,
  level text collate "C" not null,
  message text not null,
  primary key (id, fence, seq)
);

create table posthaste.queues (
  queue text collate "C" primary key,
  paused_at bigint,
  paused_by text
);

create table posthaste.workers (
  id text collate "C" primary key,
  about text not null,
  ttl_ms bigint not null,
  first_seen_at bigint not null,
  last_seen_at bigint not null
);

create table posthaste.records (
  collection text collate "C" not null,
  key text collate "C" not null,
  value text not null,
  version bigint not null,
  expires_at bigint,
  primary key (collection, key)
);
-- Serves the removal of what has expired.
create index records_to_expire on posthaste.records (expires_at) where expires_at is not null;` },
  { name: '0002_add_job', sql: `-- Jobs added in somebody else's transaction: by \`posthaste.add_job\` in plain SQL, and by the library on a connection
-- that is not its own. Both end in \`posthaste.add_jobs\`. It raises no error that can be avoided, because an error
-- would end the caller's transaction, and needs no more rights than docs/transactions.md lists.

-- Which installation this is: a job that is meant for one database must not be written to another with the same schema.
alter table posthaste.store add column id uuid not null default gen_random_uuid();

-- The channel on which this schema's listeners are told. Channels are the database's, so they are named after the schema.
create function posthaste.channel() returns text language sql stable set search_path = pg_catalog, pg_temp as
$$
select 'posthaste_' || left(encode(sha256(convert_to(n.nspname::text, 'UTF8')), 'hex'), 16)
from posthaste.store as s join pg_class as c on c.oid = s.tableoid join pg_namespace as n on n.oid = c.relnamespace
$$;

-- A job id (UUID version 7): milliseconds, then their 4,096th parts, then chance. Those of one session ascend.
create function posthaste.new_id() returns uuid language sql volatile set search_path = pg_catalog, pg_temp as
$$
select encode(
  overlay(
    overlay(uuid_send(gen_random_uuid()) placing substring(int8send(t.us / 1000) from 3) from 1)
    placing int2send((28672 + t.us % 1000 * 4096 / 1000)::smallint) from 7
  ), 'hex'
)::uuid
from (select floor(extract(epoch from clock_timestamp()) * 1000000)::bigint as us) as t
$$;

-- Adds jobs in the present transaction. Parameters: a JSON array of objects (id, none twice; queue, task, priority,
-- payload as text, delay_ms, run_at, blocked, max_retries, lease_ms, group, options, key, ref, tags: all as \`jobs\` has
-- them); the id of the store that is meant, or null; floor and fixed of the clock; how long to wait for transactions that
-- are about to take one of the keys, when the caller has set no lock_timeout. Result, for each job in its order: the id of
-- the job, or of the unfinished one that has its key; and the store's time, which is that of the call.
create function posthaste.add_jobs(
  given json, expected_store uuid, clock_floor bigint, clock_fixed bigint, patience_ms integer,
  out number bigint, out id uuid, out now bigint
) returns setof record language plpgsql volatile
set search_path = pg_catalog, pg_temp set enable_seqscan = off set enable_mergejoin = off set enable_hashjoin = off
set jit = off as
$$
#variable_conflict use_column
declare
  at_ms bigint := coalesce(
    clock_fixed, greatest(clock_floor, floor(extract(epoch from clock_timestamp()) * 1000)::bigint)
  );
  own_timeout text := current_setting('lock_timeout');
  is_told boolean := false;
begin
  if expected_store <> (select s.id from posthaste.store as s) then
    raise exception 'the schema belongs to another installation' using errcode = 'PH002';
  end if;
  if own_timeout = '0' then
    perform set_config('lock_timeout', patience_ms::text, true);
  end if;

  insert into posthaste.kinds (queue, task)
  select distinct g.queue, g.task
  from json_to_recordset(given) as g (queue text, task text)
  where not exists (select from posthaste.kinds as k where k.queue = g.queue and k.task = g.task)
  order by g.queue, g.task
  on conflict (queue, task) do nothing;
  insert into posthaste.queues (queue)
  select distinct g.queue
  from json_to_recordset(given) as g (queue text)
  where not exists (select from posthaste.queues as q where q.queue = g.queue)
  order by g.queue
  on conflict (queue) do nothing;

  -- Again when who held a key has finished in between.
  for attempt in 1 .. 20 loop
    -- In the order of the keys, so that two of us never wait for each other.
    insert into posthaste.keys (key, id)
    select distinct on (g.key) g.key, g.id
    from rows from (json_to_recordset(given) as (id uuid, key text)) with ordinality as g (id, key, number)
    where g.key is not null and not exists (select from posthaste.jobs as j where j.id = g.id)
    order by g.key, g.number
    on conflict (key) do nothing;

    with wanted as (
      select g.*, k.kind, coalesce(g.run_at, at_ms + g.delay_ms) as due
      from json_to_recordset(given) as g (
        id uuid, queue text, task text, priority smallint, payload text, delay_ms bigint, run_at bigint, blocked text,
        max_retries bigint, lease_ms bigint, "group" text, options text, key text, ref text, tags text
      )
      join posthaste.kinds as k on k.queue = g.queue and k.task = g.task
      where g.key is null or exists (select from posthaste.keys as h where h.key = g.key and h.id = g.id)
    ),
    fresh as (
      insert into posthaste.jobs (
        id, created_at, run_at, lease_ms, max_retries, kind, priority, payload, "group", options, key, ref, tags
      )
      select
        id, at_ms, nullif(due, at_ms), lease_ms, max_retries, kind, priority, payload, "group", options, key, ref, tags
      from wanted
      on conflict (id) do nothing
      returning id, kind, priority, lease_ms, coalesce(run_at, created_at) as due, key is not null as has_key
    ),
    added as (
      select *, case
        when id = any (array(select id from wanted where blocked is not null)) then 'blocked'
        when due > at_ms then 'scheduled' else 'ready'
      end as state
      from fresh
    ),
    put_ready as (
      insert into posthaste.ready (run_at, attempt, lease_ms, id, kind, fence, priority, solo, has_notes, has_key)
      select due, 0, lease_ms, id, kind, 0, priority, false, false, has_key from added where state = 'ready'
    ),
    put_waiting as (
      insert into posthaste.waiting (run_at, attempt, lease_ms, id, kind, fence, priority, solo, has_notes, has_key, state)
      select due, 0, lease_ms, id, kind, 0, priority, false, state = 'blocked', has_key, state
      from added where state <> 'ready'
    ),
    noted as (
      insert into posthaste.notes (id, retries, crashes, reason)
      select id, 0, 0, blocked from wanted
      where blocked is not null and id = any (array(select id from fresh))
    ),
    moved as (
      insert into posthaste.moves (kind, to_state, number)
      select kind, state, count(*) from added group by kind, state
    )
    select is_told or exists (select from added) into is_told;

    exit when not exists (
      select from json_to_recordset(given) as g (id uuid, key text)
      where not exists (select from posthaste.jobs as j where j.id = g.id)
        and not exists (select from posthaste.keys as h where h.key = g.key)
    );
  end loop;

  -- Heard with the caller's commit, or not at all.
  if is_told then
    perform pg_notify(posthaste.channel(), 'rc caller');
  end if;
  if own_timeout = '0' then
    perform set_config('lock_timeout', own_timeout, true);
  end if;
  return query
    select g.number, coalesce(
      (select j.id from posthaste.jobs as j where j.id = g.id), (select h.id from posthaste.keys as h where h.key = g.key)
    ), at_ms
    from rows from (json_to_recordset(given) as (id uuid, key text)) with ordinality as g (id, key, number)
    order by g.number;
end
$$;

-- Adds one job from plain SQL (a trigger, another language), in the present transaction. Answers its id, or that of the
-- unfinished job that has its key. What is null is as if it were left out. Errors have SQLSTATE 22023.
create function posthaste.add_job(
  task text, payload anycompatible default null::text, queue text default null, priority integer default null,
  delay interval default null, run_at timestamptz default null, key text default null, max_retries integer default null,
  ref text default null, tags text[] default null, "group" text default null, id uuid default null
) returns uuid language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp as
$$
declare
  name constant text := '^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$';
  control constant text := '[\\u0001-\\u001f\\u007f]';
  content constant text := coalesce(payload::text, 'null');
  found jsonb;
  wrong text;
  job json;
  answer uuid;
begin
  queue := coalesce(queue, 'default');
  priority := coalesce(priority, 5);
  id := coalesce(id, posthaste.new_id());
  delay := coalesce(delay, case when run_at is null then interval '0' end);
  tags := (select array_agg(u.tag order by u.first) from (
    select t.tag, min(t.number) as first from unnest(tags) with ordinality as t (tag, number) group by t.tag
  ) as u);
  wrong := case
    when task is null or task collate "C" !~ name then 'task is no name'
    when queue collate "C" !~ name then 'queue is no name'
    when "group" collate "C" !~ name then 'group is no name'
    when priority not between 0 and 9 then 'priority is not a whole number from 0 to 9'
    when delay is not null and run_at is not null then 'delay is given together with run_at'
    when delay not between interval '0' and interval '87600 hours' then 'delay is not between 0 and 87600 hours'
    when run_at not between 'epoch' and '9999-12-31 23:59:59.999Z' then 'run_at is not between the years 1970 and 9999'
    when key = '' or char_length(key) > 256 or key ~ control then 'key is not 1 to 256 characters without control characters'
    when ref = '' or char_length(ref) > 256 or ref ~ control then 'ref is not 1 to 256 characters without control characters'
    when max_retries not between 0 and 1000 then 'max_retries is not a whole number from 0 to 1000'
    when cardinality(tags) > 20 then 'tags are more than 20'
    when exists (
      select from unnest(tags) as t (tag)
      where t.tag is null or t.tag = '' or char_length(t.tag) > 128 or t.tag ~ control
    ) then 'a tag is not 1 to 128 characters without control characters'
    when id::text !~ '^.{14}7.{4}[89ab]' then 'id is no UUID of version 7'
    when octet_length(content) > 262144 then 'payload is larger than 262144 bytes'
  end;
  if wrong is null then
    begin
      found := content::jsonb;
    exception when data_exception or statement_too_complex then
      wrong := 'payload is no JSON that can be kept (' || sqlerrm || ')';
    end;
  end if;
  if found is not null then
    wrong := case
      when found @? 'strict $.**{32 to last} ? (@.type() == "array" || @.type() == "object")'
        then 'payload is nested deeper than 32 levels'
      when found @? 'lax $.** ? (exists (@."__proto__") || exists (@."constructor"))'
        then 'payload has a key named __proto__ or constructor'
      when found @? 'strict $.** ? (@.type() == "number" && (@ > 9007199254740991 || @ < -9007199254740991))'
        then 'payload has a number beyond ±(2^53 − 1), which JSON readers round'
      when (select count(*) from jsonb_path_query(found, 'strict $.** ? (@.type() == "object").keyvalue()')) > 10000
        then 'payload has more than 10000 keys'
    end;
  end if;
  if wrong is not null then
    raise exception 'add_job: %.', wrong using errcode = 'invalid_parameter_value';
  end if;
  job := json_build_object(
    'id', id, 'queue', queue, 'task', task, 'priority', priority, 'payload', content,
    'delay_ms', round((extract(epoch from now() + delay) - extract(epoch from now())) * 1000)::bigint,
    'run_at', floor(extract(epoch from run_at) * 1000)::bigint,
    'max_retries', max_retries, 'group', "group", 'key', key, 'ref', ref, 'tags', to_json(tags)::text
  );
  select a.id into answer
  from posthaste.store as s
  cross join posthaste.add_jobs(json_build_array(job), null, s.clock, null, 27000) as a;
  return answer;
end
$$;
comment on function posthaste.add_job is 'Adds a job in the present transaction; payload is json, jsonb, or text that holds JSON.';` },
  { name: '0003_ties', sql: `-- What binds a job to others, to a batch, or to a moment. Most jobs have none of it. A job that has, or on which others
-- depend, has \`has_notes\` set in its place, so that it is never settled without a look.

-- The ties as they were given: JSON text.
alter table posthaste.jobs add column ties text;

-- \`until\`: start, finish or time. Nobody holds a key from \`expires_at\` on.
alter table posthaste.keys add column until text collate "C" not null default 'finish';
alter table posthaste.keys add column expires_at bigint;
-- Serves the removal of what has expired.
create index keys_to_expire on posthaste.keys (expires_at) where expires_at is not null;

-- \`id\` is to hear of the end of job:… , or counts in batch:… .
create table posthaste.ties (
  target text collate "C" not null,
  id uuid not null,
  primary key (target, id)
);
-- Serves the removal of jobs.
create index ties_to_forget on posthaste.ties (id);

create table posthaste.batches (
  batch text collate "C" primary key,
  unfinished bigint not null,
  completed bigint not null,
  cancelled bigint not null,
  dead bigint not null,
  removed bigint not null
);

-- What there is to decide. No number is used twice.
create sequence posthaste.told;
create table posthaste.news (
  topic text collate "C" not null,
  id text collate "C" not null,
  seq bigint not null,
  primary key (topic, id)
);

-- Jobs that have to start by a time and did not yet.
create table posthaste.start_by (
  at bigint not null,
  id uuid not null,
  primary key (at, id)
);` },
  { name: '0004_limits', sql: `-- Limits, and groups that take turns. A job that has a group or a limit key waits in a *line*: those of one queue, task,
-- group and limit key, which all pass the same limits or none. The row of such a job in \`ready\` has the number of its
-- line, which is negative, in the place of that of its kind, so that it is in nobody's way who looks for others.

create table posthaste.lines (
  line integer generated always as identity (start with -1 increment by -1) primary key,
  kind integer not null,
  queue text collate "C" not null,
  "group" text collate "C",
  "limit" text collate "C"
);
create unique index lines_to_find on posthaste.lines (kind, coalesce('=' || "group", ''), coalesce('=' || "limit", ''));
-- Serves what is to be done with all lines of a group.
create index lines_to_gather on posthaste.lines (queue, coalesce('=' || "group", ''));
-- Serves what is to be done with all lines of a limit key.
create index lines_to_bound on posthaste.lines ("limit") where "limit" is not null;

-- The lines of jobs that are no longer, or not yet, in \`ready\`.
alter table posthaste.waiting add column line integer;
alter table posthaste.running add column line integer;
create index running_to_count on posthaste.running (line) where line is not null;

-- Queues that ever had a job with a group or a limit key, and the furthest turn that a group of theirs has had.
create table posthaste.fair (
  queue text collate "C" primary key,
  last bigint not null
);

-- Groups: \`name\` is empty for jobs without one, else \`=\` and the group. \`is_idle\`: it had no ready job for a moment since
-- it last caught up with the others. Nobody looks at its lines before \`parked_until\`, or before fewer than \`capacity\`
-- of its jobs run.
create table posthaste.groups (
  queue text collate "C" not null,
  name text collate "C" not null,
  turn bigint not null,
  is_idle boolean not null,
  parked_until bigint not null default 0,
  capacity bigint,
  primary key (queue, name)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000, autovacuum_vacuum_cost_delay = 0);
create index groups_to_open on posthaste.groups (parked_until) where parked_until > 0;
create index groups_to_count on posthaste.groups (capacity) where capacity is not null;

-- The first job of each line that has any, with what tells its place among other lines: whether its limit key has a
-- limit (\`source\`), until when its group is parked, its group's turn.
create table posthaste.heads (
  line integer primary key,
  kind integer not null,
  source text collate "C" not null,
  parked_until bigint not null,
  priority smallint not null,
  turn bigint not null,
  run_at bigint not null,
  id uuid not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000, autovacuum_vacuum_cost_delay = 0);
create index heads_to_claim on posthaste.heads (kind, source, parked_until, priority, turn, run_at, id);

-- Lines whose jobs in \`ready\` are others than \`heads\` knows, and (\`is_idle\`) whose group had none for a moment. A kind
-- stands for the jobs without a group of its queue. Whoever moves jobs appends here, so that nobody waits; the next
-- claim reads it.
create table posthaste.touched (
  line integer not null,
  is_idle boolean not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);

create table posthaste.limits (
  scope text collate "C" not null,
  name text collate "C" not null,
  concurrency bigint,
  rate_max bigint,
  rate_per_ms bigint,
  weight integer,
  paused_by text,
  by text not null,
  version bigint not null,
  paused_at bigint,
  primary key (scope, name)
);

-- So many claims at a time, under the rate of a queue, task, group or limit key.
create table posthaste.claims (
  gate text collate "C" not null,
  at bigint not null,
  number bigint not null,
  primary key (gate, at)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000, autovacuum_vacuum_cost_delay = 0);

-- Jobs that are there already.
insert into posthaste.lines (kind, queue, "group")
select k.kind, k.queue, j."group"
from (select distinct kind, "group" from posthaste.jobs where "group" is not null) as j
join posthaste.kinds as k on k.kind = j.kind;
insert into posthaste.fair (queue, last) select distinct queue, 0 from posthaste.lines;
update posthaste.waiting as w set line = l.line
from posthaste.jobs as j join posthaste.lines as l on l.kind = j.kind and l."group" = j."group"
where j.id = w.id;
update posthaste.running as r set line = l.line
from posthaste.jobs as j join posthaste.lines as l on l.kind = j.kind and l."group" = j."group"
where j.id = r.id;
update posthaste.ready as r set kind = l.line
from posthaste.jobs as j join posthaste.lines as l on l.kind = j.kind and l."group" = j."group"
where j.id = r.id;
insert into posthaste.touched (line, is_idle) select line, false from posthaste.lines;

-- As before, and jobs with a group go to their lines: adds jobs in the present transaction. Parameters: a JSON array of objects (id, none twice; queue, task, priority,
-- payload as text, delay_ms, run_at, blocked, max_retries, lease_ms, group, options, key, ref, tags: all as \`jobs\` has
-- them); the id of the store that is meant, or null; floor and fixed of the clock; how long to wait for transactions that
-- are about to take one of the keys, when the caller has set no lock_timeout. Result, for each job in its order: the id of
-- the job, or of the unfinished one that has its key; and the store's time, which is that of the call.
create or replace function posthaste.add_jobs(
  given json, expected_store uuid, clock_floor bigint, clock_fixed bigint, patience_ms integer,
  out number bigint, out id uuid, out now bigint
) returns setof record language plpgsql volatile
set search_path = pg_catalog, pg_temp set enable_seqscan = off set enable_mergejoin = off set enable_hashjoin = off
set jit = off as
$$
#variable_conflict use_column
declare
  at_ms bigint := coalesce(
    clock_fixed, greatest(clock_floor, floor(extract(epoch from clock_timestamp()) * 1000)::bigint)
  );
  own_timeout text := current_setting('lock_timeout');
  is_told boolean := false;
  -- What only jobs with a group need is touched only where there is one, so that others need no right to it.
  has_groups boolean := exists (
    select from json_to_recordset(given) as g ("group" text) where g."group" is not null
  );
  line_of jsonb;
  some_lines integer[];
  all_lines integer[] := '{}';
begin
  if expected_store <> (select s.id from posthaste.store as s) then
    raise exception 'the schema belongs to another installation' using errcode = 'PH002';
  end if;
  if own_timeout = '0' then
    perform set_config('lock_timeout', patience_ms::text, true);
  end if;

  insert into posthaste.kinds (queue, task)
  select distinct g.queue, g.task
  from json_to_recordset(given) as g (queue text, task text)
  where not exists (select from posthaste.kinds as k where k.queue = g.queue and k.task = g.task)
  order by g.queue, g.task
  on conflict (queue, task) do nothing;
  insert into posthaste.queues (queue)
  select distinct g.queue
  from json_to_recordset(given) as g (queue text)
  where not exists (select from posthaste.queues as q where q.queue = g.queue)
  order by g.queue
  on conflict (queue) do nothing;

  if has_groups then
    insert into posthaste.lines (kind, queue, "group")
    select distinct k.kind, k.queue, g."group"
    from json_to_recordset(given) as g (queue text, task text, "group" text)
    join posthaste.kinds as k on k.queue = g.queue and k.task = g.task
    where g."group" is not null and not exists (
      select from posthaste.lines as l
      where l.kind = k.kind and coalesce('=' || l."group", '') = '=' || g."group" and coalesce('=' || l."limit", '') = ''
    )
    order by k.kind, g."group"
    on conflict do nothing;
    select jsonb_object_agg(g.id, l.line) into line_of
    from json_to_recordset(given) as g (id uuid, queue text, task text, "group" text)
    join posthaste.kinds as k on k.queue = g.queue and k.task = g.task
    join posthaste.lines as l on l.kind = k.kind and coalesce('=' || l."group", '') = '=' || g."group"
      and coalesce('=' || l."limit", '') = ''
    where g."group" is not null;
  end if;

  -- Again when who held a key has finished in between.
  for attempt in 1 .. 20 loop
    -- In the order of the keys, so that two of us never wait for each other.
    insert into posthaste.keys (key, id)
    select distinct on (g.key) g.key, g.id
    from rows from (json_to_recordset(given) as (id uuid, key text)) with ordinality as g (id, key, number)
    where g.key is not null and not exists (select from posthaste.jobs as j where j.id = g.id)
    order by g.key, g.number
    on conflict (key) do nothing;

    with wanted as (
      select g.*, k.kind, coalesce(g.run_at, at_ms + g.delay_ms) as due
      from json_to_recordset(given) as g (
        id uuid, queue text, task text, priority smallint, payload text, delay_ms bigint, run_at bigint, blocked text,
        max_retries bigint, lease_ms bigint, "group" text, options text, key text, ref text, tags text
      )
      join posthaste.kinds as k on k.queue = g.queue and k.task = g.task
      where g.key is null or exists (select from posthaste.keys as h where h.key = g.key and h.id = g.id)
    ),
    fresh as (
      insert into posthaste.jobs (
        id, created_at, run_at, lease_ms, max_retries, kind, priority, payload, "group", options, key, ref, tags
      )
      select
        id, at_ms, nullif(due, at_ms), lease_ms, max_retries, kind, priority, payload, "group", options, key, ref, tags
      from wanted
      on conflict (id) do nothing
      returning id, kind, priority, lease_ms, coalesce(run_at, created_at) as due, key is not null as has_key
    ),
    added as (
      select *, (line_of ->> id::text)::integer as line, case
        when id = any (array(select id from wanted where blocked is not null)) then 'blocked'
        when due > at_ms then 'scheduled' else 'ready'
      end as state
      from fresh
    ),
    put_ready as (
      insert into posthaste.ready (run_at, attempt, lease_ms, id, kind, fence, priority, solo, has_notes, has_key)
      select due, 0, lease_ms, id, coalesce(line, kind), 0, priority, false, false, has_key
      from added where state = 'ready'
    ),
    put_waiting as (
      insert into posthaste.waiting (
        run_at, attempt, lease_ms, id, kind, fence, priority, solo, has_notes, has_key, state, line
      )
      select due, 0, lease_ms, id, kind, 0, priority, false, state = 'blocked', has_key, state, line
      from added where state <> 'ready'
    ),
    noted as (
      insert into posthaste.notes (id, retries, crashes, reason)
      select id, 0, 0, blocked from wanted
      where blocked is not null and id = any (array(select id from fresh))
    ),
    moved as (
      insert into posthaste.moves (kind, to_state, number)
      select kind, state, count(*) from added group by kind, state
    )
    select is_told or exists (select from added), array(select distinct line from added where line is not null)
    into is_told, some_lines;
    all_lines := all_lines || some_lines;

    exit when not exists (
      select from json_to_recordset(given) as g (id uuid, key text)
      where not exists (select from posthaste.jobs as j where j.id = g.id)
        and not exists (select from posthaste.keys as h where h.key = g.key)
    );
  end loop;

  if all_lines <> '{}' then
    insert into posthaste.fair (queue, last)
    select distinct l.queue, 0
    from unnest(all_lines) as g (line) join posthaste.lines as l on l.line = g.line
    where not exists (select from posthaste.fair as f where f.queue = l.queue)
    order by l.queue
    on conflict (queue) do nothing;
    insert into posthaste.touched (line, is_idle) select distinct g.line, false from unnest(all_lines) as g (line);
  end if;
  -- Heard with the caller's commit, or not at all.
  if is_told then
    perform pg_notify(posthaste.channel(), 'rc caller');
  end if;
  if own_timeout = '0' then
    perform set_config('lock_timeout', own_timeout, true);
  end if;
  return query
    select g.number, coalesce(
      (select j.id from posthaste.jobs as j where j.id = g.id), (select h.id from posthaste.keys as h where h.key = g.key)
    ), at_ms
    from rows from (json_to_recordset(given) as (id uuid, key text)) with ordinality as g (id, key, number)
    order by g.number;
end
$$;` },
] as const
