// Generated from the files in sql/ by `npm run generate`. Do not edit.

export const SQL = {
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
   * Claims jobs: takes the first of the ready ones, in their order, and leases them to a worker.
   * Parameters: worker, limit, queues or null, tasks or null, whether queues come one after the other, lease length of
   * jobs without one of their own, how many of the first jobs are looked at; then floor and fixed of the clock.
   * Result: the claimed jobs in any order, and one row without an id, in which created_at is now, run_at is when the next
   * waiting job is due, attempt tells whether jobs were left behind that might have been claimed, and fence how many were
   * looked at. `rest` is null for a job that has nothing out of the ordinary, else a JSON
   * array of lease_ms, max_retries, group, options, key, ref, tags, solo, the row of notes, ties.
   * Indexes: the primary keys of ready, jobs and notes; waiting_to_promote.
   */
  claim: `with wanted as materialized (
  select k.kind, case when $5 then array_position($3::text[], k.queue) else 0 end as turn
  from posthaste.kinds as k
  where ($3::text[] is null or k.queue = any ($3))
    and ($4::text[] is null or k.task = any ($4))
    and not exists (select from posthaste.queues as q where q.queue = k.queue and q.paused_at is not null)
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
  (taken < locked or taken = $2 and taken < looked)::integer, looked::integer, null
from summary`,
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
   * Stores jobs without keys that are blocked by nothing, of which nearly always none is known. A known id changes
   * nothing. Parameters: arrays, an empty one standing for nulls: ids (no id twice), kinds, priorities, payloads,
   * run_at, delay_ms, max_retries, lease_ms, groups, options, refs, tags; then floor and fixed of the clock. Result:
   * now.
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
   * Tells listeners, with the end of the transaction. Parameters: channel, message.
   */
  notify: `select pg_notify($1, $2)`,
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
  pageReadyDown: `select id from posthaste.ready where kind = any ($3::integer[]) and id <= $1::uuid order by id desc limit $2`,
  /**
   * Ids of ready jobs, the oldest first. Parameters: id with which to go on, limit, kinds. Result: id.
   * Reads all ready jobs of these kinds: no index of `ready` is in the order of ids, because each claim would pay for it.
   */
  pageReadyUp: `select id from posthaste.ready where kind = any ($3::integer[]) and id >= $1::uuid order by id limit $2`,
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
  returning run_at, attempt, lease_ms, id, kind, fence, priority, solo, has_notes, has_key, state
),
put_ready as (
  insert into posthaste.ready (run_at, attempt, lease_ms, id, kind, fence, priority, solo, has_notes, has_key)
  select run_at, attempt, lease_ms, id, kind, fence, priority, solo, has_notes, has_key from gone
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
   * kind. Result: queue, paused_at, paused_by, oldest_ready_at. Index: the primary key of ready.
   */
  queuesAll: `select q.queue, q.paused_at, q.paused_by, (
  select min(r.run_at)
  from posthaste.kinds as k
  cross join generate_series(0, 9) as p (priority)
  cross join lateral (
    select run_at from posthaste.ready where kind = k.kind and priority = p.priority order by run_at limit 1
  ) as r
  where k.queue = q.queue
) as oldest_ready_at
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
   * Makes jobs claimable. Parameters: arrays of run_at, attempts, lease_ms, ids, kinds, fences, priorities, solo,
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
  h.id as holder, h.until, h.expires_at, j.ties, coalesce(a.place, w.place) as place
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
  select *, ctid::text as place from posthaste.ready
  where kind = j.kind and priority = j.priority and run_at = coalesce(n.run_at, j.run_at, j.created_at) and id = j.id limit 1
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
   * has_notes, has_key, states.
   */
  waitingInsert: `insert into posthaste.waiting (
  run_at, attempt, lease_ms, id, kind, fence, priority, solo, has_notes, has_key, state
)
select *
from unnest(
  $1::bigint[], $2::bigint[], $3::bigint[], $4::uuid[], $5::integer[], $6::integer[], $7::smallint[], $8::boolean[],
  $9::boolean[], $10::boolean[], $11::text[]
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
] as const
