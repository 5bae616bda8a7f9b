// Generated from the files in sql/ by `npm run generate`. Do not edit.

export const SQL = {
  /**
   * Counts jobs of a batch. Parameters: batch, and what is added to unfinished, completed, cancelled, dead, removed.
   */
  batchCount: `insert into batches (batch, unfinished, completed, cancelled, dead, removed) values (?, ?, ?, ?, ?, ?)
on conflict do update set
  unfinished = unfinished + excluded.unfinished, completed = completed + excluded.completed,
  cancelled = cancelled + excluded.cancelled, dead = dead + excluded.dead, removed = removed + excluded.removed`,
  /**
   * Forgets the numbers of a batch. Parameters: batch.
   */
  batchForget: `delete from batches where batch = ?`,
  /**
   * The numbers of a batch. Parameters: batch. Result: unfinished, completed, cancelled, dead, removed.
   */
  batchRead: `select unfinished, completed, cancelled, dead, removed from batches where batch = ?`,
  /**
   * Notes that the end of a ready job concerns another one. Parameters: kind, id. Index: ready_by_kind.
   */
  bindReady: `update ready set bound = 1 where kind = ? and id = ? and bound = 0`,
  /**
   * Notes that the end of a job concerns another one. Parameters: id.
   */
  bindRunning: `update running set bound = 1 where id = ? and bound = 0`,
  /**
   * Notes that the end of a job concerns another one. Parameters: id.
   */
  bindWaiting: `update waiting set bound = 1 where id = ? and bound = 0`,
  /**
   * Rows that this connection has ever changed: tells whether a transaction wrote anything. Result: number.
   */
  changesTotal: `select total_changes()`,
  /**
   * Takes leases on chosen jobs. Parameters: worker, now, lease length of jobs without one of their own, a JSON array of
   * [lane, priority, run_at, id]. Index: the primary key of ready.
   */
  chosenLease: `insert into running (id, kind, lane, run_at, attempt, fence, lease_ms, solo, has_notes, bound, worker, lease_until, started)
select
  r.id, r.kind, r.lane, r.run_at, r.attempt, r.fence + 1, r.lease_ms, r.solo, r.has_notes, r.bound,
  ?, ? + coalesce(r.lease_ms, ?), 0
from json_each(?) as e
cross join ready as r
  on r.lane = e.value ->> 0 and r.priority = e.value ->> 1 and r.run_at = e.value ->> 2 and r.id = e.value ->> 3`,
  /**
   * Removes chosen jobs from the claimable ones. Parameters: a JSON array of [lane, priority, run_at, id].
   * Index: the primary key of ready.
   */
  chosenTake: `delete from ready where (lane, priority, run_at, id) in (
  select value ->> 0, value ->> 1, value ->> 2, value ->> 3 from json_each(?)
)`,
  /**
   * Jobs that were just claimed, as one JSON text, which costs a third of reading them column by column.
   * Parameters: a JSON array of ids. Result: a JSON array of [id, lane, priority, payload, created_at, run_at, attempt,
   * fence, has_notes, max_retries, lease_ms, options, key, ref, tags, ties], the last seven left out when all of them are null.
   */
  claimed: `select json_group_array(
  iif(
    coalesce(j.max_retries, j.lease_ms, j.options, j.key, j.ref, j.tags, j.ties) is null,
    json_array(r.id, r.lane, j.priority, j.payload, j.created_at, r.run_at, r.attempt, r.fence, r.has_notes),
    json_array(
      r.id, r.lane, j.priority, j.payload, j.created_at, r.run_at, r.attempt, r.fence, r.has_notes,
      j.max_retries, j.lease_ms, j.options, j.key, j.ref, j.tags, j.ties
    )
  )
)
from json_each(?) as e cross join running as r on r.id = e.value cross join jobs as j on j.id = r.id`,
  /**
   * Removes some of the claims that no rate counts any more. Parameters: now, limit. Index: claims_by_expiry.
   */
  claimsExpire: `delete from claims where (gate, at) in (select gate, at from claims where expires_at <= ? limit ?)`,
  /**
   * The first claims after a time. Parameters: gate, time. Result: at, before. Index: the primary key of claims.
   */
  claimsFirst: `select at, before from claims where gate = ? and at > ? order by at limit 1`,
  /**
   * Forgets what was claimed through gates. Parameters: a JSON array of gates. Index: the primary key of claims.
   */
  claimsForget: `delete from claims where gate in (select value from json_each(?))`,
  /**
   * Notes when a gate was passed. Parameters: gate, at, before, expires_at.
   */
  claimsNote: `insert into claims (gate, at, before, expires_at) values (?, ?, ?, ?) on conflict do nothing`,
  /**
   * Raises the clock of the store to the time that the present transaction is stamped with.
   * Parameters: now. Changes nothing when the clock is there already.
   */
  clockRaise: `update store set clock = :now, kept = :now where one = 1 and (clock < :now or kept < clock)`,
  /**
   * The latest time that a write was stamped with, and what tells whether remembered things are still good.
   * Result: clock, kept, fairs, settings.
   */
  clockRead: `select clock, kept, fairs, settings from store where one = 1`,
  /**
   * Changes a number of jobs. Parameters: kind, state, difference.
   */
  countAdd: `insert into counts (kind, state, number) values (?, ?, ?) on conflict do update set number = number + excluded.number`,
  /**
   * How many jobs are in a state. Parameters: state. Result: number.
   */
  countOfState: `select coalesce(sum(number), 0) from counts where state = ?`,
  /**
   * Removes a document. Parameters: collection, key.
   */
  documentDelete: `delete from records where collection = ? and key = ?`,
  /**
   * A document. Parameters: collection, key, now. Result: value, version, expires_at.
   */
  documentRead: `select value, version, expires_at from records
where collection = ? and key = ? and (expires_at is null or expires_at > ?)`,
  /**
   * Writes a document. Parameters: collection, key, value, version, expires_at.
   */
  documentWrite: `insert into records (collection, key, value, version, expires_at) values (?, ?, ?, ?, ?)
on conflict do update set value = excluded.value, version = excluded.version, expires_at = excluded.expires_at`,
  /**
   * Removes some of the documents that have expired. Parameters: now, limit. Index: records_by_expiry.
   */
  documentsExpire: `delete from records where rowid in (select rowid from records where expires_at <= ? limit ?)`,
  /**
   * Documents of a collection by key. Parameters: collection, first key, key after which to go on or null (twice), now.
   * Result: key, value, version, expires_at. The reader stops where keys no longer begin as wanted.
   */
  documentsPage: `select key, value, version, expires_at from records
where collection = ? and key >= ? and (? is null or key > ?) and (expires_at is null or expires_at > ?)
order by key`,
  /**
   * How many jobs a promotion moves. Parameters: run_at, id of the last one. Result: kind, state, number.
   * Index: waiting_by_time.
   */
  dueCounts: `select kind, state, count(*) from waiting
where state <> 'blocked' and (run_at, id) <= (?, ?)
group by kind, state`,
  /**
   * Removes the jobs that due-ready moved. Parameters: run_at, id of the last one. Index: waiting_by_time.
   */
  dueDelete: `delete from waiting where state <> 'blocked' and (run_at, id) <= (?, ?)`,
  /**
   * The lanes of the jobs that a promotion moves. Parameters: run_at, id of the last one. Result: lane.
   * Index: waiting_by_time.
   */
  dueLanes: `select distinct lane from waiting where state <> 'blocked' and (run_at, id) <= (?, ?)`,
  /**
   * Where a promotion ends: the last of the jobs that are due, or of as many as are wanted.
   * Parameters: now, limit. Result: run_at, id, number. Index: waiting_by_time.
   */
  dueLast: `select run_at, id, count(*) over ()
from (select run_at, id from waiting where state <> 'blocked' and run_at <= ? order by run_at, id limit ?)
order by run_at desc, id desc
limit 1`,
  /**
   * Makes jobs claimable whose time has come. Parameters: run_at, id of the last one. Index: waiting_by_time.
   */
  dueReady: `insert into ready (lane, priority, run_at, id, kind, attempt, fence, lease_ms, solo, has_notes, bound)
select w.lane, j.priority, w.run_at, w.id, w.kind, w.attempt, w.fence, w.lease_ms, w.solo, w.has_notes, w.bound
from waiting as w cross join jobs as j on j.id = w.id
where w.state <> 'blocked' and (w.run_at, w.id) <= (?, ?)`,
  /**
   * Queues in which groups take turns. Result: queue.
   */
  fairQueues: `select queue from queues where fair = 1`,
  /**
   * Takes a job from the finished ones. Parameters: kind, state, id.
   */
  finishedDelete: `delete from finished where kind = ? and state = ? and id = ?`,
  /**
   * Ends jobs; the tuple is repeated, one for each.
   * Parameters for each: kind, state, id, run_at, attempt, fence, solo, has_notes, worker, started_at, finished_at, output.
   */
  finishedInsert: `insert into finished (kind, state, id, run_at, attempt, fence, solo, has_notes, worker, started_at, finished_at, output)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  /**
   * The oldest finished jobs of a state. Parameters: state, limit. Result: id, kind, finished_at.
   * Index: finished_by_time.
   */
  finishedOldest: `select id, kind, finished_at from finished where state = ? order by finished_at, id limit ?`,
  /**
   * Finished jobs of a state by the end of them. Parameters: the state, finished_at and id after which to go on, the
   * latest end, the limit. Result: id. Index: finished_by_time.
   */
  finishedPage: `select id from finished
where state = :state and (finished_at, id) > (:finished_at, :id) and finished_at <= :until
order by finished_at, id
limit :limit`,
  /**
   * Removes finished jobs. Parameters: a JSON object of id: kind; the state. Index: the primary key of finished.
   */
  finishedPrune: `delete from finished where (kind, state, id) in (select e.value, :state, e.key from json_each(:ids) as e)`,
  /**
   * A new gate. Parameters: scope, name. Result: gate.
   */
  gateAdd: `insert into gates (scope, name) values (?, ?) returning gate`,
  /**
   * Closes a gate. Parameters: opens_at or null, gate.
   */
  gateClose: `update gates set opens_at = ?, width = iif(width = 0, 0, 2) where gate = ?`,
  /**
   * Counts claims for the rate of a gate. Parameters: number, gate.
   */
  gateCount: `update gates set total = total + ? where gate = ?`,
  /**
   * What is remembered of a gate. Parameters: scope, name. Result: gate, total. Index: the unique one of gates.
   */
  gateFind: `select gate, total from gates where scope = ? and name = ?`,
  /**
   * Nothing is behind a gate any more. Parameters: gate.
   */
  gateNarrow: `update gates set width = 0, opens_at = null where gate = ?`,
  /**
   * Gates that a rate had closed until now. Parameters: now. Result: gate. Index: gates_by_opening.
   */
  gatesDue: `select gate from gates where opens_at <= ?`,
  /**
   * The gates of a queue's groups. Parameters: the queue with a slash behind it, and the text that follows all that begin so.
   * Result: gate. Index: the unique one of gates.
   */
  gatesOfGroups: `select gate from gates where scope = 'group' and name >= ? and name < ?`,
  /**
   * Opens gates. Those with more lanes behind them than a number are claimed from where they are.
   * Parameters: that number, a JSON array of gates. Index: heads_by_park.
   */
  gatesOpen: `update gates set
  opens_at = null,
  width = iif((select 1 from heads as h where h.park > 0 and h.park = gates.gate limit 1 offset ?) is null, 0, 1)
where gate in (select value from json_each(?))`,
  /**
   * Gates behind which many lanes are put aside. Result: gate, width, whether any lane is left there.
   * Index: gates_wide.
   */
  gatesWide: `select gate, width, exists (select 1 from heads as h where h.park > 0 and h.park = g.gate)
from gates as g where width > 0`,
  /**
   * Forgets the heads of lanes that have no claimable job any more. Parameters: a JSON array of lanes.
   */
  headsDrop: `delete from heads
where lane in (select value from json_each(?)) and not exists (select 1 from ready as r where r.lane = heads.lane)`,
  /**
   * Notes the first claimable job of every lane in a fair queue, none of which is noted.
   * Index: the primary key of ready.
   */
  headsFind: `with recursive found (lane) as (
  select min(lane) from ready
  union all
  select (select min(lane) from ready where lane > found.lane) from found where found.lane is not null
)
insert into heads (lane, kind, sharer, priority, turn, run_at, id)
select l.lane, l.kind, l.sharer, r.priority, s.turn, r.run_at, r.id
from found as f
cross join lanes as l on l.lane = f.lane
cross join sharers as s on s.sharer = l.sharer
cross join ready as r on r.lane = l.lane and (r.priority, r.run_at, r.id) = (
  select priority, run_at, id from ready where lane = l.lane order by priority, run_at, id limit 1
)`,
  /**
   * Forgets all heads: a program that does not keep them has written.
   */
  headsForget: `delete from heads`,
  /**
   * Notes the first claimable job of lanes, and the turn of their sharers. Parameters: a JSON array of lanes.
   * Index: the primary key of ready.
   */
  headsKeep: `insert into heads (lane, kind, sharer, priority, turn, run_at, id)
select l.lane, l.kind, l.sharer, r.priority, s.turn, r.run_at, r.id
from json_each(?) as e
cross join lanes as l on l.lane = e.value
cross join sharers as s on s.sharer = l.sharer
cross join ready as r on r.lane = l.lane and (r.priority, r.run_at, r.id) = (
  select priority, run_at, id from ready where lane = l.lane order by priority, run_at, id limit 1
)
where true
on conflict (lane) do update set
  priority = excluded.priority, turn = excluded.turn, run_at = excluded.run_at, id = excluded.id
where (priority, turn, run_at, id) <> (excluded.priority, excluded.turn, excluded.run_at, excluded.id)`,
  /**
   * Lanes of a kind that are put aside until a rate lets them go, the earliest first. Parameters: kind, limit, offset.
   * Result: lane, park, opens_at. Index: heads_by_opening.
   */
  headsOpening: `select lane, park, opens_at from heads where kind = ? and opens_at is not null order by opens_at limit ? offset ?`,
  /**
   * Heads of a kind that are not put aside (park 0), or are so behind a gate, in the order of claims.
   * Parameters: kind, park, then priority, turn, run_at and id after which to go on, limit.
   * Result: lane, sharer, priority, turn, run_at, id. Index: heads_in_order.
   */
  headsPage: `select lane, sharer, priority, turn, run_at, id from heads
where kind = ? and park = ? and (priority, turn, run_at, id) > (?, ?, ?, ?)
order by priority, turn, run_at, id
limit ?`,
  /**
   * Puts lanes aside. Parameters: a JSON array of [lane, gate, opens_at or null].
   */
  headsPark: `update heads set park = e.value ->> 1, opens_at = e.value ->> 2
from json_each(?) as e
where heads.lane = e.value ->> 0`,
  /**
   * Takes lanes back that were put aside behind gates that open, if they are few. Parameters: a JSON array of gates.
   * Index: heads_by_park.
   */
  headsReturn: `update heads set park = 0, opens_at = null, turn = (select s.turn from sharers as s where s.sharer = heads.sharer)
where park > 0 and park in (
  select g.gate from json_each(?) as e cross join gates as g on g.gate = e.value where g.width = 0
)`,
  /**
   * Moves the heads of sharers on that are not put aside. Parameters: a JSON array of [sharer, turn].
   * Index: heads_by_sharer.
   */
  headsTurn: `update heads set turn = e.value ->> 1
from json_each(?) as e
where heads.sharer = e.value ->> 0 and heads.park = 0 and heads.turn <> e.value ->> 1`,
  /**
   * Forgets until when lanes are put aside behind gates: of those behind a wide one, the gate itself knows.
   * Parameters: a JSON array of gates. Index: heads_until.
   */
  headsWiden: `update heads set opens_at = null where opens_at is not null and park in (select value from json_each(?))`,
  /**
   * Whether a job is known. Parameters: id. Index: the unique one of jobs.
   */
  jobExists: `select 1 from jobs where id = ?`,
  /**
   * Stores jobs that ask for nothing special; the tuple is repeated, one for each. Fails as a whole when one of the ids
   * is known. Parameters for each: id, lane, priority, payload, created_at.
   */
  jobInsertPlain: `insert into jobs (id, lane, priority, payload, created_at) values (?, ?, ?, ?, ?)`,
  /**
   * Stores jobs; the tuple is repeated, one for each. Fails as a whole when one of the ids is known.
   * Parameters for each: id, lane, priority, payload, created_at, max_retries, lease_ms, options, key, ref, tags, ties.
   */
  jobInsert: `insert into jobs (id, lane, priority, payload, created_at, max_retries, lease_ms, options, key, ref, tags, ties)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  /**
   * Gives a job another priority; its place follows. Parameters: priority, id. Index: the unique one of jobs.
   */
  jobPriority: `update jobs set priority = ? where id = ?`,
  /**
   * Forgets jobs. Parameters: a JSON array of ids.
   */
  jobsDelete: `delete from jobs where id in (select value from json_each(?))`,
  /**
   * The number of the job that was stored last. Result: number or null. Index: the integer key of jobs.
   */
  jobsLast: `select max(number) from jobs`,
  /**
   * Takes a unique key from a job that is finished. Parameters: key, id.
   */
  keyFree: `delete from keys where key = ? and id = ? and until <> 'time'`,
  /**
   * Who holds a unique key. Parameters: key, now. Result: id.
   */
  keyHolder: `select id from keys where key = ? and (expires_at is null or expires_at > ?)`,
  /**
   * Gives a unique key to a job, whoever had it. Parameters: key, id, until, expires_at.
   */
  keyTake: `insert or replace into keys (key, id, until, expires_at) values (?, ?, ?, ?)`,
  /**
   * Removes some of the holds on keys that have expired. Parameters: now, limit. Index: keys_by_expiry.
   */
  keysExpire: `delete from keys where key in (select key from keys where expires_at <= ? limit ?)`,
  /**
   * Frees the keys that claimed jobs held until now. Parameters: a JSON array of ids. Index: the primary key of keys.
   */
  keysStart: `delete from keys where until = 'start' and (key, id) in (
  select j.key, j.id from json_each(?) as e cross join jobs as j on j.id = e.value where j.key is not null
)`,
  /**
   * A new (queue, task). Parameters: queue, task. Result: kind.
   */
  kindAdd: `insert into kinds (queue, task) values (?, ?) returning kind`,
  /**
   * The number of (queue, task). Parameters: queue, task. Result: kind. Index: the unique one of kinds.
   */
  kindFind: `select kind from kinds where queue = ? and task = ?`,
  /**
   * The names of a (queue, task). Parameters: kind. Result: queue, task.
   */
  kindRead: `select queue, task from kinds where kind = ?`,
  /**
   * Every (queue, task) that has jobs in some state. Result: kind, queue, task, state, number.
   */
  kindsAll: `select k.kind, k.queue, k.task, c.state, c.number from counts c join kinds k on k.kind = c.kind where c.number <> 0`,
  /**
   * Kinds that have a claimable job: one look at the index for each, whatever waits in them. Result: kind.
   * Index: ready_by_kind.
   */
  kindsReady: `with recursive found (kind) as (
  select min(kind) from ready
  union all
  select (select min(kind) from ready where kind > found.kind) from found where found.kind is not null
)
select kind from found where kind is not null`,
  /**
   * A new lane. Parameters: kind, group, limit key. Result: lane.
   */
  laneAdd: `insert into lanes (kind, "group", limit_key) values (?, ?, ?) returning lane`,
  /**
   * The number of a lane. Parameters: kind, group, limit key. Result: lane. Index: lanes_by_name.
   */
  laneFind: `select lane from lanes where kind = ? and "group" is ? and limit_key is ?`,
  /**
   * The next jobs of a lane in the order of claims.
   * Parameters: lane, then priority, run_at and id after which to go on, limit.
   * Result: id, priority, run_at, solo, has_notes, bound. Index: the primary key of ready.
   */
  laneHeads: `select id, priority, run_at, solo, has_notes, bound from ready
where lane = ? and (priority, run_at, id) > (?, ?, ?)
order by priority, run_at, id
limit ?`,
  /**
   * Takes leases on the jobs of a lane up to one of them.
   * Parameters: worker, now, lease length of jobs without one of their own, lane, priority, run_at, id.
   * Index: the primary key of ready.
   */
  laneLease: `insert into running (id, kind, lane, run_at, attempt, fence, lease_ms, solo, has_notes, bound, worker, lease_until, started)
select id, kind, lane, run_at, attempt, fence + 1, lease_ms, solo, has_notes, bound, ?, ? + coalesce(lease_ms, ?), 0
from ready
where lane = ? and (priority, run_at, id) <= (?, ?, ?)`,
  /**
   * The place of a job in a lane. Parameters: lane, how many jobs come before it. Result: id, priority, run_at.
   * Index: the primary key of ready.
   */
  laneNth: `select id, priority, run_at from ready where lane = ? order by priority, run_at, id limit 1 offset ?`,
  /**
   * The earliest run_at of a lane's claimable jobs: one look at the index for each priority. Parameters: lane.
   * Result: run_at or null. Index: the primary key of ready.
   */
  laneOldest: `with recursive found (priority) as (
  select min(priority) from ready where lane = :lane
  union all
  select (select min(priority) from ready where lane = :lane and priority > found.priority)
  from found where found.priority is not null
)
select min((select min(run_at) from ready where lane = :lane and priority = found.priority)) from found`,
  /**
   * The names of a lane. Parameters: lane. Result: kind, queue, task, group, limit key.
   */
  laneRead: `select l.kind, k.queue, k.task, l."group", l.limit_key
from lanes l join kinds k on k.kind = l.kind where l.lane = ?`,
  /**
   * The next jobs of a lane in the order of claims, about to be claimed: as one JSON text, which costs a third of reading
   * them column by column.
   * Parameters: lane, limit. Result: number, whether one is solo, whether one has notes, the highest `bound`, a JSON array of
   * [id, lane, priority, payload, created_at, run_at, attempt, fence, has_notes, max_retries, lease_ms, options, key,
   * ref, tags, ties], the last seven left out when all of them are null. Index: the primary key of ready.
   */
  laneRun: `select
  count(*), max(r.solo), max(r.has_notes), max(r.bound),
  json_group_array(
    iif(
      coalesce(j.max_retries, j.lease_ms, j.options, j.key, j.ref, j.tags, j.ties) is null,
      json_array(r.id, r.lane, r.priority, j.payload, j.created_at, r.run_at, r.attempt, r.fence + 1, r.has_notes),
      json_array(
        r.id, r.lane, r.priority, j.payload, j.created_at, r.run_at, r.attempt, r.fence + 1, r.has_notes,
        j.max_retries, j.lease_ms, j.options, j.key, j.ref, j.tags, j.ties
      )
    )
  )
from (
  select lane, priority, run_at, id, attempt, fence, solo, has_notes, bound from ready
  where lane = ?
  order by priority, run_at, id
  limit ?
) as r cross join jobs as j on j.id = r.id`,
  /**
   * Removes the jobs of a lane up to one of them from the claimable ones. Parameters: lane, priority, run_at, id.
   * Index: the primary key of ready.
   */
  laneTake: `delete from ready where lane = ? and (priority, run_at, id) <= (?, ?, ?)`,
  /**
   * Lanes that have a claimable job: one look at the index for each, whatever waits in them. Result: lane.
   * Index: the primary key of ready.
   */
  lanesReady: `with recursive found (lane) as (
  select min(lane) from ready
  union all
  select (select min(lane) from ready where lane > found.lane) from found where found.lane is not null
)
select lane from found where lane is not null`,
  /**
   * Asks the holder of a lease to stop; the first request is kept. Parameters: request as JSON text, id.
   */
  leaseCancel: `update running set cancel = coalesce(cancel, ?) where id = ?`,
  /**
   * Remembers that a running job has notes. Parameters: id.
   */
  leaseNoted: `update running set has_notes = 1 where id = ?`,
  /**
   * A lease. Parameters: id. Result: fence, has_notes, cancel.
   */
  leaseRead: `select fence, has_notes, cancel from running where id = ?`,
  /**
   * Renews a lease. Parameters: now, lease length of jobs without one of their own, id, fence. Result: cancel.
   */
  leaseRenew: `update running set lease_until = ? + coalesce(lease_ms, ?) where id = ? and fence = ? returning cancel`,
  /**
   * Records the start of a job that is handed out alone. Parameters: now, id.
   */
  leaseSolo: `update running set attempt = attempt + 1, started_at = ?, started = 1 where id = ?`,
  /**
   * Records that a handler began. Parameters: attempt, started_at, id, fence.
   */
  leaseStart: `update running set attempt = ?, started_at = ?, started = 1 where id = ? and fence = ?`,
  /**
   * Leases that ran out, in the order in which they did.
   * Parameters: now, then lease_until and id after which to go on, limit. Result: id. Reads every lease; there are not many.
   */
  leasesExpired: `select id from running
where lease_until <= :now and (lease_until, id) > (:lease_until, :id)
order by lease_until, id
limit :limit`,
  /**
   * Leases of a worker. Parameters: worker. Result: id, fence. Reads every lease; there are not many.
   */
  leasesOfWorker: `select id, fence from running where worker = ? order by id`,
  /**
   * Removes a setting. Parameters: scope, name.
   */
  limitRemove: `delete from limits where scope = ? and name = ?`,
  /**
   * Writes a setting.
   * Parameters: scope, name, concurrency, rate_max, rate_ms, weight, paused_by, by, version, paused_at.
   */
  limitWrite: `insert or replace into limits (scope, name, concurrency, rate_max, rate_ms, weight, paused_by, by, version, paused_at)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  /**
   * Every setting. Result: scope, name, concurrency, rate_max, rate_ms, weight, paused_by, by, version, paused_at.
   */
  limitsAll: `select scope, name, concurrency, rate_max, rate_ms, weight, paused_by, by, version, paused_at from limits
order by scope, name`,
  /**
   * Tells every connection that settings were written. Result: how often they were.
   */
  limitsWritten: `update store set settings = settings + 1 where one = 1 returning settings`,
  /**
   * Keeps a log line, as it came first. Parameters: id, fence, seq, at, level, message.
   */
  logInsert: `insert into logs (id, fence, seq, at, level, message) values (?, ?, ?, ?, ?, ?) on conflict do nothing`,
  /**
   * Forgets the log of jobs. Parameters: a JSON array of ids.
   */
  logsDelete: `delete from logs where id in (select value from json_each(?))`,
  /**
   * Log lines of a job. Parameters: id, then fence and seq after which to go on, limit.
   * Result: fence, seq, at, level, message.
   */
  logsRead: `select fence, seq, at, level, message from logs
where id = ? and (fence, seq) > (?, ?)
order by fence, seq
limit ?`,
  /**
   * Forgets all but the newest log lines of a job. Parameters: id, how many are kept.
   */
  logsTrim: `delete from logs
where id = :id and (fence, seq) in (
  select fence, seq from logs where id = :id order by fence desc, seq desc limit -1 offset :keep
)`,
  /**
   * Forgets news, unless there are newer ones. Parameters: topic, id, seq.
   */
  newsClear: `delete from news where topic = ? and id = ? and seq = ?`,
  /**
   * What there is to decide. Parameters: topic and id after which to go on, limit. Result: topic, id, seq.
   * Index: the primary key of news.
   */
  newsPage: `select topic, id, seq from news where (topic, id) > (?, ?) order by topic, id limit ?`,
  /**
   * Tells of a job or a batch. Parameters: topic, id, seq.
   */
  newsTell: `insert or replace into news (topic, id, seq) values (?, ?, ?)`,
  /**
   * When the next scheduled or retrying job after a time is due. Parameters: time. Result: run_at or null.
   * Index: waiting_by_time.
   */
  nextDueAfter: `select min(run_at) from waiting where state <> 'blocked' and run_at > ?`,
  /**
   * When the next scheduled or retrying job is due. Result: run_at or null. Index: waiting_by_time.
   */
  nextDue: `select min(run_at) from waiting where state <> 'blocked'`,
  /**
   * Notes the progress or the checkpoint of a running job. Parameters: id, progress, checkpoint, and for each of the two
   * whether it is given.
   */
  noteReport: `insert into notes (id, retries, crashes, progress, checkpoint) values (:id, 0, 0, :progress, :checkpoint)
on conflict do update set
  progress = iif(:has_progress, excluded.progress, progress),
  checkpoint = iif(:has_checkpoint, excluded.checkpoint, checkpoint)`,
  /**
   * Writes the notes of a job, all of them.
   * Parameters: id, retries, crashes, reason, worker, started_at, output, error, history, progress, checkpoint.
   */
  noteWrite: `insert or replace into notes (id, retries, crashes, reason, worker, started_at, output, error, history, progress, checkpoint)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  /**
   * Forgets the notes of jobs. Parameters: a JSON array of ids.
   */
  notesDelete: `delete from notes where id in (select value from json_each(?))`,
  /**
   * Ids of all jobs, the newest first. Parameters: id before which to go on, limit. Result: id.
   * Index: the unique one of jobs.
   */
  pageAllDown: `select id from jobs where id < ? order by id desc limit ?`,
  /**
   * Ids of all jobs, the oldest first. Parameters: id after which to go on, limit. Result: id.
   * Index: the unique one of jobs.
   */
  pageAllUp: `select id from jobs where id > ? order by id limit ?`,
  /**
   * Ids of finished jobs of a kind, the newest first. Parameters: kind, state, id before which to go on, limit. Result: id.
   * Index: the primary key of finished.
   */
  pageFinishedDown: `select id from finished where kind = ? and state = ? and id < ? order by id desc limit ?`,
  /**
   * Ids of finished jobs of a kind, the oldest first. Parameters: kind, state, id after which to go on, limit. Result: id.
   * Index: the primary key of finished.
   */
  pageFinishedUp: `select id from finished where kind = ? and state = ? and id > ? order by id limit ?`,
  /**
   * Ids of jobs with a key, the newest first. Parameters: key, id before which to go on, limit. Result: id.
   * Index: jobs_by_key.
   */
  pageKeyDown: `select id from jobs where key = ? and id < ? order by id desc limit ?`,
  /**
   * Ids of jobs with a key, the oldest first. Parameters: key, id after which to go on, limit. Result: id.
   * Index: jobs_by_key.
   */
  pageKeyUp: `select id from jobs where key = ? and id > ? order by id limit ?`,
  /**
   * Ids of ready jobs of a kind, the newest first. Parameters: kind, id before which to go on, limit. Result: id.
   * Index: ready_by_kind.
   */
  pageReadyDown: `select id from ready where kind = ? and id < ? order by id desc limit ?`,
  /**
   * Ids of ready jobs of a kind, the oldest first. Parameters: kind, id after which to go on, limit. Result: id.
   * Index: ready_by_kind.
   */
  pageReadyUp: `select id from ready where kind = ? and id > ? order by id limit ?`,
  /**
   * Ids of jobs with a ref, the newest first. Parameters: ref, id before which to go on, limit. Result: id.
   * Index: jobs_by_ref.
   */
  pageRefDown: `select id from jobs where ref = ? and id < ? order by id desc limit ?`,
  /**
   * Ids of jobs with a ref, the oldest first. Parameters: ref, id after which to go on, limit. Result: id.
   * Index: jobs_by_ref.
   */
  pageRefUp: `select id from jobs where ref = ? and id > ? order by id limit ?`,
  /**
   * Ids of running jobs of a kind, the newest first. Parameters: kind, id before which to go on, limit. Result: id.
   * Index: the primary key of running (jobs of other kinds are passed over; there are not many).
   */
  pageRunningDown: `select id from running where kind = ? and id < ? order by id desc limit ?`,
  /**
   * Ids of running jobs of a kind, the oldest first. Parameters: kind, id after which to go on, limit. Result: id.
   * Index: the primary key of running (jobs of other kinds are passed over; there are not many).
   */
  pageRunningUp: `select id from running where kind = ? and id > ? order by id limit ?`,
  /**
   * Ids of jobs that are bound to a target, the newest first. Parameters: target, id before which to go on, limit. Result: id.
   * Index: the primary key of ties.
   */
  pageTieDown: `select id from ties where target = ? and id < ? order by id desc limit ?`,
  /**
   * Ids of jobs that are bound to a target, the oldest first. Parameters: target, id after which to go on, limit. Result: id.
   * Index: the primary key of ties.
   */
  pageTieUp: `select id from ties where target = ? and id > ? order by id limit ?`,
  /**
   * Ids of waiting jobs of a kind, the newest first. Parameters: kind, state, id before which to go on, limit. Result: id.
   * Index: waiting_by_kind.
   */
  pageWaitingDown: `select id from waiting where kind = ? and state = ? and id < ? order by id desc limit ?`,
  /**
   * Ids of waiting jobs of a kind, the oldest first. Parameters: kind, state, id after which to go on, limit. Result: id.
   * Index: waiting_by_kind.
   */
  pageWaitingUp: `select id from waiting where kind = ? and state = ? and id > ? order by id limit ?`,
  /**
   * Makes a queue known. Parameters: queue.
   */
  queueAdd: `insert into queues (queue) values (?) on conflict do nothing`,
  /**
   * Notes the furthest turn that a queue has given. Parameters: turn, queue.
   */
  queueFurther: `update queues set furthest = max(furthest, ?) where queue = ?`,
  /**
   * Pauses a queue; who paused it first, and when, is kept. Parameters: queue, paused_at, paused_by.
   */
  queuePause: `insert into queues (queue, paused_at, paused_by) values (?, ?, ?)
on conflict do update set paused_at = excluded.paused_at, paused_by = excluded.paused_by where paused_at is null`,
  /**
   * Resumes a queue. Parameters: queue.
   */
  queueResume: `update queues set paused_at = null, paused_by = null where queue = ? and paused_at is not null`,
  /**
   * Every queue by name. Result: queue, paused_at, paused_by.
   */
  queuesAll: `select queue, paused_at, paused_by from queues order by queue`,
  /**
   * Queues from which nothing is claimed. Result: queue.
   */
  queuesPaused: `select queue from queues where paused_at is not null`,
  /**
   * Takes a job from the claimable ones. Parameters: lane, priority, run_at, id.
   */
  readyDelete: `delete from ready where lane = ? and priority = ? and run_at = ? and id = ?`,
  /**
   * Makes jobs claimable; the tuple is repeated, one for each.
   * Parameters for each: lane, priority, run_at, id, kind, attempt, fence, lease_ms, solo, has_notes, bound.
   */
  readyInsert: `insert into ready (lane, priority, run_at, id, kind, attempt, fence, lease_ms, solo, has_notes, bound)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  /**
   * Makes all jobs claimable that were stored after another one and are due at once.
   * Parameters: number of the other one. Index: the integer key of jobs.
   */
  readyNew: `insert into ready (lane, priority, run_at, id, kind, attempt, fence, lease_ms, solo, has_notes, bound)
select j.lane, j.priority, j.created_at, j.id, l.kind, 0, 0, j.lease_ms, 0, 0, 0
from jobs as j cross join lanes as l on l.lane = j.lane
where j.number > ?`,
  /**
   * Everything about one job. Parameters: id. Result: the columns in the order of records.ts.
   * Index: the unique one of jobs, then one seek in each table.
   */
  record: `select
  j.id, k.task, k.queue, l."group", j.priority, j.payload, j.max_retries, j.lease_ms, j.options, j.key, j.ref, j.tags,
  coalesce(f.state, w.state, iif(r.id is null, 'ready', 'running')),
  n.reason, j.created_at, coalesce(a.run_at, r.run_at, w.run_at, f.run_at),
  coalesce(r.started_at, f.started_at, n.started_at), f.finished_at,
  coalesce(a.attempt, r.attempt, w.attempt, f.attempt), coalesce(n.retries, 0), coalesce(n.crashes, 0),
  coalesce(a.solo, r.solo, w.solo, f.solo), coalesce(a.fence, r.fence, w.fence, f.fence),
  coalesce(r.worker, f.worker, n.worker), r.lease_until, coalesce(r.started, 0), r.cancel,
  coalesce(f.output, n.output), n.error, n.history, n.progress, n.checkpoint,
  l.lane, l.kind, j.ties
from jobs as j
cross join lanes as l on l.lane = j.lane
cross join kinds as k on k.kind = l.kind
left join ready as a on a.kind = l.kind and a.id = j.id
left join running as r on r.id = j.id
left join waiting as w on w.id = j.id
left join finished as f on f.kind = l.kind and f.state in ('completed', 'cancelled', 'dead') and f.id = j.id
left join notes as n on n.id = j.id
where j.id = ?`,
  /**
   * Ends leases. Parameters: a JSON array of ids. Index: the primary key of running.
   */
  runningDeleteMany: `delete from running where id in (select value from json_each(?))`,
  /**
   * Ends a lease. Parameters: id.
   */
  runningDelete: `delete from running where id = ?`,
  /**
   * How many jobs run, by lane. Result: lane, number. Reads every lease; there are not many.
   */
  runningLanes: `select lane, count(*) from running group by lane`,
  /**
   * Of leases about to be completed, how many are held under their fence by jobs without notes that are bound to nothing, by lane.
   * Parameters: a JSON object of id: fence. Result: kind, lane, number. Index: the primary key of running.
   */
  settleCheck: `select r.kind, r.lane, count(*)
from json_each(?) as e cross join running as r on r.id = e.key and r.fence = e.value
where r.has_notes = 0 and r.bound = 0
group by r.lane`,
  /**
   * Completes running jobs that settle-check approved; the tuple is repeated, one for each.
   * Parameters for each: id, attempt, started_at, output; then: now. Index: the primary key of running.
   */
  settleComplete: `with settled (id, attempt, started_at, output) as (values (?, ?, ?, ?))
insert into finished (kind, state, id, run_at, attempt, fence, solo, has_notes, worker, started_at, finished_at, output)
select r.kind, 'completed', r.id, r.run_at, s.attempt, r.fence, 0, 0, r.worker, s.started_at, ?, s.output
from settled as s cross join running as r on r.id = s.id`,
  /**
   * The ids that settle-check counted. Parameters: a JSON object of id: fence. Result: id.
   */
  settlePlainIds: `select e.key
from json_each(?) as e cross join running as r on r.id = e.key and r.fence = e.value
where r.has_notes = 0 and r.bound = 0`,
  /**
   * Moves a sharer up to the furthest turn of its queue. Parameters: queue, group. Result: sharer, turn.
   * Index: sharers_by_name.
   */
  sharerSaves: `update sharers set turn = max(turn, (select furthest from queues as q where q.queue = sharers.queue))
where queue = ? and "group" is ?
returning sharer, turn`,
  /**
   * The turn of a sharer. Parameters: sharer. Result: turn.
   */
  sharerTurn: `select turn from sharers where sharer = ?`,
  /**
   * Moves those up who have claimable jobs in some lanes and had none. Parameters: a JSON array of lanes.
   * Index: heads_by_sharer.
   */
  sharersCatchUp: `update sharers set turn = max(turn, (select furthest from queues as q where q.queue = sharers.queue))
where sharer in (
  select l.sharer from json_each(?) as e cross join lanes as l on l.lane = e.value
  where exists (select 1 from ready as r where r.lane = l.lane)
) and not exists (select 1 from heads as h where h.sharer = sharers.sharer)`,
  /**
   * Moves sharers on. Parameters: a JSON array of [sharer, turn].
   */
  sharersMove: `update sharers set turn = e.value ->> 1 from json_each(?) as e where sharers.sharer = e.value ->> 0`,
  /**
   * Notes when a job has to start. Parameters: at, id.
   */
  startByAdd: `insert or ignore into start_by (at, id) values (?, ?)`,
  /**
   * Jobs that had to start by now and do not run. Parameters: now, then at and id after which to go on, limit.
   * Result: id. Index: the primary key of start_by.
   */
  startByPage: `select id from start_by as s
where at <= ? and (at, id) > (?, ?) and not exists (select 1 from running as r where r.id = s.id)
order by at, id
limit ?`,
  /**
   * A job started, or needs not start any more. Parameters: at, id.
   */
  startByRemove: `delete from start_by where at = ? and id = ?`,
  /**
   * The first write of every connection: proves that the file can be written, and lets the synchronous level settle.
   */
  storeOpened: `update store set opened = opened + 1 where one = 1`,
  /**
   * Binds a job. Parameters: target, id.
   */
  tieAdd: `insert into ties (target, id) values (?, ?)`,
  /**
   * Whether anyone is bound to a target. Parameters: target. Result: 1, or no row.
   */
  tieAny: `select 1 from ties where target = ? limit 1`,
  /**
   * Whether anyone is bound to one of many targets. Parameters: a JSON array of targets. Result: 1, or no row.
   * Index: the primary key of ties.
   */
  tiesAmong: `select 1 from json_each(?) as e cross join ties as t on t.target = e.value limit 1`,
  /**
   * Forgets the ties of jobs. Parameters: a JSON array of ids. Index: ties_by_id.
   */
  tiesDelete: `delete from ties where id in (select value from json_each(?))`,
  /**
   * Whether anything is bound to anything. Result: 1, or no row.
   */
  tiesExist: `select 1 from ties limit 1`,
  /**
   * Who is bound to a target. Parameters: target. Result: id. Index: the primary key of ties.
   */
  tiesOf: `select id from ties where target = ?`,
  /**
   * The number of the next news. Result: told.
   */
  toldNext: `update store set told = told + 1 returning told`,
  /**
   * Ends the waiting of a job. Parameters: id.
   */
  waitingDelete: `delete from waiting where id = ?`,
  /**
   * Makes jobs wait; the tuple is repeated, one for each.
   * Parameters for each: id, kind, lane, state, run_at, attempt, fence, lease_ms, solo, has_notes, bound.
   */
  waitingInsert: `insert into waiting (id, kind, lane, state, run_at, attempt, fence, lease_ms, solo, has_notes, bound)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  /**
   * A worker lives. Parameters: id, about, ttl_ms, first_seen_at, last_seen_at.
   */
  workerBeat: `insert into workers (id, about, ttl_ms, first_seen_at, last_seen_at) values (?, ?, ?, ?, ?)
on conflict do update set about = excluded.about, ttl_ms = excluded.ttl_ms, last_seen_at = excluded.last_seen_at`,
  /**
   * A worker says goodbye. Parameters: id.
   */
  workerGone: `delete from workers where id = ?`,
  /**
   * Workers that were heard of within their time. Parameters: now. Result: id, about, first_seen_at, last_seen_at.
   */
  workersAll: `select id, about, first_seen_at, last_seen_at from workers where last_seen_at + ttl_ms > ? order by id`,
  /**
   * Forgets workers that were not heard of for too long. Parameters: now.
   */
  workersForget: `delete from workers where last_seen_at + ttl_ms <= ?`,
} as const

export const MIGRATIONS = [
  { name: '0001_schema', sql: `-- The life of a job, as tables. A job's row in \`jobs\` is written once, when it is added, and never touched until the
-- job is removed. Its state is the table in which it has a second, narrow row: \`waiting\`, \`ready\`, \`running\` or
-- \`finished\`. The usual path, add → claim → complete at the first try, is an append to \`jobs\` and three moves of a
-- narrow row. What most jobs never have (a reason, an error, a history, a checkpoint …) is in \`notes\`, for those
-- that have it (\`has_notes\`).

-- The store itself. \`clock\` is the latest time that a write was stamped with: the next is never earlier.
create table store (
  one integer primary key check (one = 1),
  clock integer not null,
  opened integer not null
) strict;
insert into store (one, clock, opened) values (1, 0, 0);

-- Names are written once and referred to by number: (queue, task), by which jobs are counted and listed …
create table kinds (
  kind integer primary key,
  queue text not null,
  task text not null,
  unique (queue, task)
) strict;

-- … and (queue, task, group), by which they wait to be claimed.
create table lanes (
  lane integer primary key,
  kind integer not null,
  "group" text
) strict;
create index lanes_by_name on lanes (kind, "group");

-- Exact numbers, changed in the transaction that moves the jobs.
create table counts (
  kind integer not null,
  state text not null check (state in ('blocked', 'scheduled', 'ready', 'running', 'retrying', 'completed', 'cancelled', 'dead')),
  number integer not null,
  primary key (kind, state)
) strict, without rowid;

-- What was added. Rows can be wide (a payload), so the ids have an index of their own that stays narrow.
create table jobs (
  number integer primary key,
  id text not null unique,
  lane integer not null,
  priority integer not null check (priority between 0 and 9),
  payload text not null,
  created_at integer not null,
  max_retries integer,
  lease_ms integer,
  options text,
  key text,
  ref text,
  tags text
) strict;
create index jobs_by_key on jobs (key, id) where key is not null;
create index jobs_by_ref on jobs (ref, id) where ref is not null;

-- Jobs that may be claimed, in the order of claims within their lane.
create table ready (
  lane integer not null,
  priority integer not null,
  run_at integer not null,
  id text not null,
  kind integer not null,
  attempt integer not null,
  fence integer not null,
  lease_ms integer,
  solo integer not null,
  has_notes integer not null,
  has_key integer not null,
  primary key (lane, priority, run_at, id)
) strict, without rowid;
-- Serves lists of ready jobs, newest first, and the reading of one job.
create index ready_by_kind on ready (kind, id);

create table waiting (
  id text primary key,
  kind integer not null,
  lane integer not null,
  state text not null check (state in ('blocked', 'scheduled', 'retrying')),
  run_at integer not null,
  attempt integer not null,
  fence integer not null,
  lease_ms integer,
  solo integer not null,
  has_notes integer not null,
  has_key integer not null
) strict, without rowid;
-- Serves promotion: what is due next.
create index waiting_by_time on waiting (run_at, id) where state <> 'blocked';
-- Serves lists of waiting jobs, newest first.
create index waiting_by_kind on waiting (kind, state, id);

-- One row is one lease.
create table running (
  id text primary key,
  kind integer not null,
  lane integer not null,
  run_at integer not null,
  attempt integer not null,
  fence integer not null,
  lease_ms integer,
  solo integer not null,
  has_notes integer not null,
  has_key integer not null,
  worker text not null,
  lease_until integer not null,
  started integer not null,
  started_at integer,
  cancel text
) strict, without rowid;

create table finished (
  kind integer not null,
  state text not null check (state in ('completed', 'cancelled', 'dead')),
  id text not null,
  run_at integer not null,
  attempt integer not null,
  fence integer not null,
  solo integer not null,
  has_notes integer not null,
  worker text,
  started_at integer,
  finished_at integer not null,
  -- Short ones only: long outputs are in \`notes\`, so that these rows stay narrow.
  output text,
  primary key (kind, state, id)
) strict, without rowid;
-- Serves retention: the oldest of a state.
create index finished_by_time on finished (state, finished_at, id);

create table notes (
  id text primary key,
  retries integer not null,
  crashes integer not null,
  reason text,
  worker text,
  started_at integer,
  output text,
  error text,
  history text,
  progress text,
  checkpoint text
) strict;

-- The unfinished job that holds each unique key.
create table keys (
  key text primary key,
  id text not null
) strict, without rowid;

create table logs (
  id text not null,
  fence integer not null,
  seq integer not null,
  at integer not null,
  level text not null,
  message text not null,
  primary key (id, fence, seq)
) strict, without rowid;

create table queues (
  queue text primary key,
  paused_at integer,
  paused_by text
) strict, without rowid;

create table workers (
  id text primary key,
  about text not null,
  ttl_ms integer not null,
  first_seen_at integer not null,
  last_seen_at integer not null
) strict, without rowid;

create table records (
  collection text not null,
  key text not null,
  value text not null,
  version integer not null,
  expires_at integer,
  primary key (collection, key)
) strict;
-- Serves the removal of what has expired.
create index records_by_expiry on records (expires_at) where expires_at is not null;` },
  { name: '0002_ties', sql: `-- What binds a job to others, to a batch, or to a moment. Most jobs have none of it, and cost nothing for it.

-- The ties as they were given: JSON text.
alter table jobs add column ties text;

-- 0: the end of the job concerns nobody else, so that it may be settled without a look. 1: it has a key or ties, or
-- others depend on it. 2: besides, its key is free when it is claimed.
alter table ready rename column has_key to bound;
alter table waiting rename column has_key to bound;
alter table running rename column has_key to bound;

-- \`until\`: start, finish or time. Nobody holds a key from \`expires_at\` on.
alter table keys add column until text not null default 'finish';
alter table keys add column expires_at integer;
-- Serves the removal of what has expired.
create index keys_by_expiry on keys (expires_at) where expires_at is not null;

-- \`id\` is to hear of the end of job:… , or counts in batch:… .
create table ties (
  target text not null,
  id text not null,
  primary key (target, id)
) strict, without rowid;
-- Serves the removal of jobs.
create index ties_by_id on ties (id);

create table batches (
  batch text primary key,
  unfinished integer not null,
  completed integer not null,
  cancelled integer not null,
  dead integer not null,
  removed integer not null
) strict, without rowid;

-- What there is to decide. \`seq\` is never used twice: \`told\` counts.
create table news (
  topic text not null,
  id text not null,
  seq integer not null,
  primary key (topic, id)
) strict, without rowid;
alter table store add column told integer not null default 0;

-- Jobs that have to start by a time and did not yet.
create table start_by (
  at integer not null,
  id text not null,
  primary key (at, id)
) strict, without rowid;` },
  { name: '0003_limits', sql: `-- Limits, and groups that take turns. Stores that use neither have no rows in these tables, and pay nothing.

-- How often the set of fair queues, and the settings, were changed: what a connection remembers of them is good until then.
-- \`kept\` is the clock when a program last wrote that keeps \`heads\`: an older one, that does not, raises \`clock\` alone.
alter table store add column fairs integer not null default 0;
alter table store add column settings integer not null default 0;
alter table store add column kept integer not null default 0;
update store set kept = clock;

-- Settings as they were written. Scope: queue, task, group (named queue/group), groups (of a queue), key.
create table limits (
  scope text not null,
  name text not null,
  concurrency integer,
  rate_max integer,
  rate_ms integer,
  weight integer,
  paused_by text,
  paused_at integer,
  by text not null,
  version integer not null,
  primary key (scope, name)
) strict, without rowid;

-- What settings bound, as far as something has to be remembered of it. \`total\`: claims that were counted for its rate.
-- \`opens_at\`: when a rate that closed it lets a job go. \`width\`: 0 few lanes are parked behind it, they come back when it
-- opens; 1 many are, and it is open: they are claimed from where they are; 2 many are, and it is closed.
create table gates (
  gate integer primary key,
  scope text not null,
  name text not null,
  total integer not null default 0,
  opens_at integer,
  width integer not null default 0,
  unique (scope, name)
) strict;
create index gates_by_opening on gates (opens_at) where opens_at is not null;
create index gates_wide on gates (gate) where width > 0;

-- Claims that count for a rate. \`before\`: how many there were before these.
create table claims (
  gate integer not null,
  at integer not null,
  before integer not null,
  expires_at integer not null,
  primary key (gate, at)
) strict, without rowid;
create index claims_by_expiry on claims (expires_at);

-- A lane is (queue, task, group, limit key): all of its jobs pass the same gates. In a fair queue it has a sharer.
alter table lanes add column limit_key text;
alter table lanes add column sharer integer;
drop index lanes_by_name;
create index lanes_by_name on lanes (kind, "group", limit_key);

-- Queues that ever had a job with a group or a limit key; the furthest turn that was given in them.
alter table queues add column fair integer not null default 0;
alter table queues add column furthest integer not null default 0;

-- Who takes turns in a fair queue: its groups, and the jobs without one.
create table sharers (
  sharer integer primary key,
  queue text not null,
  "group" text,
  turn integer not null default 0
) strict;
create index sharers_by_name on sharers (queue, "group");

-- The first claimable job of each lane of fair queues, in the order of claims. \`park\`: the gate behind which the lane is
-- put aside, or 0; \`opens_at\`: until when, if it was for a rate. \`turn\` is that of the sharer; that of a lane put aside
-- may be an earlier one.
create table heads (
  lane integer primary key,
  kind integer not null,
  sharer integer not null,
  park integer not null default 0,
  opens_at integer,
  priority integer not null,
  turn integer not null,
  run_at integer not null,
  id text not null
) strict;
create index heads_in_order on heads (kind, park, priority, turn, run_at, id, sharer);
create index heads_by_sharer on heads (sharer, park);
create index heads_by_park on heads (park) where park > 0;
create index heads_by_opening on heads (kind, opens_at) where opens_at is not null;
create index heads_until on heads (park) where opens_at is not null;

-- Older programs make lanes, too: the file sees to it that queues become fair.
create trigger queue_becomes_fair after update of fair on queues when new.fair = 1 and old.fair = 0 begin
  update store set fairs = fairs + 1;
  insert into sharers (queue, "group")
  select distinct k.queue, l."group" from kinds as k join lanes as l on l.kind = k.kind where k.queue = new.queue;
  update lanes set sharer = (select s.sharer from sharers as s where s.queue = new.queue and s."group" is lanes."group")
  where kind in (select kind from kinds where queue = new.queue);
  insert into heads (lane, kind, sharer, priority, turn, run_at, id)
  select l.lane, l.kind, l.sharer, r.priority, 0, r.run_at, r.id
  from kinds as k
  cross join lanes as l on l.kind = k.kind
  cross join ready as r on r.lane = l.lane and (r.priority, r.run_at, r.id) = (
    select priority, run_at, id from ready where lane = l.lane order by priority, run_at, id limit 1
  )
  where k.queue = new.queue;
end;
create trigger lane_is_shared after insert on lanes begin
  update queues set fair = 1
  where fair = 0 and coalesce(new."group", new.limit_key) is not null
    and queue = (select queue from kinds where kind = new.kind);
  insert into sharers (queue, "group")
  select q.queue, new."group" from kinds as k join queues as q on q.queue = k.queue
  where k.kind = new.kind and q.fair = 1
    and not exists (select 1 from sharers as s where s.queue = q.queue and s."group" is new."group");
  update lanes set sharer = (
    select s.sharer from kinds as k join sharers as s on s.queue = k.queue and s."group" is new."group"
    where k.kind = new.kind
  )
  where lane = new.lane;
end;
update queues set fair = 1 where queue in (
  select k.queue from lanes as l join kinds as k on k.kind = l.kind where l."group" is not null
);` },
] as const
