-- The life of a job, as tables. A job's row in `jobs` is written once, when it is added, and never touched until the
-- job is removed. Its state is the table in which it has a second, narrow row: `waiting`, `ready`, `running` or
-- `finished`. The usual path, add → claim → complete at the first try, is an append to `jobs` and three moves of a
-- narrow row. What most jobs never have (a reason, an error, a history, a checkpoint …) is in `notes`, for those
-- that have it (`has_notes`).

-- The store itself. `clock` is the latest time that a write was stamped with: the next is never earlier.
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
  -- Short ones only: long outputs are in `notes`, so that these rows stay narrow.
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
create index records_by_expiry on records (expires_at) where expires_at is not null;
