-- The life of a job, as tables. A job's row in `jobs` is written once, when it is added, and never touched until the
-- job is removed. Its state is the table in which it has a second, narrow row: `waiting`, `ready`, `running` or
-- `finished`. The usual path, add → claim → complete at the first try, is an append to `jobs` and three moves of a
-- narrow row. What most jobs never have (a reason, an error, a history, a checkpoint …) is in `notes`, for those
-- that have it (`has_notes`).
--
-- Times are epoch milliseconds of the store's clock. JSON is kept as text, byte for byte. Text that is compared or
-- sorted is so by its bytes (collation "C").

-- The store itself. `clock` is a time that the store has reached: whoever opens it never goes back behind it.
create table posthaste.store (
  one boolean primary key default true check (one),
  clock bigint not null
);
insert into posthaste.store (clock) values (0);

-- The store's time in the present transaction: that of the server, but never before `floor`; or `fixed`, when a test
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

-- How many jobs of a kind are in a state: the numbers here, and what `moves` adds to them.
create table posthaste.counts (
  kind integer not null,
  state text collate "C" not null check (state in ('blocked', 'scheduled', 'ready', 'running', 'retrying', 'completed', 'cancelled', 'dead')),
  number bigint not null,
  primary key (kind, state)
);

-- So many jobs of a kind went from one state to another (null: from or to nowhere). Every transaction that moves jobs
-- appends what it did, so that no two wait for each other; now and then the rows are added up into `counts`.
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
  -- When it was due first, where that is not the time of its creation. Later due times are in `notes`.
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
  -- When it is due, where that is not what `jobs` says.
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
create index records_to_expire on posthaste.records (expires_at) where expires_at is not null;
