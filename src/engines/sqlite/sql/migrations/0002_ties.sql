-- What binds a job to others, to a batch, or to a moment. Most jobs have none of it, and cost nothing for it.

-- The ties as they were given: JSON text.
alter table jobs add column ties text;

-- 0: the end of the job concerns nobody else, so that it may be settled without a look. 1: it has a key or ties, or
-- others depend on it. 2: besides, its key is free when it is claimed.
alter table ready rename column has_key to bound;
alter table waiting rename column has_key to bound;
alter table running rename column has_key to bound;

-- `until`: start, finish or time. Nobody holds a key from `expires_at` on.
alter table keys add column until text not null default 'finish';
alter table keys add column expires_at integer;
-- Serves the removal of what has expired.
create index keys_by_expiry on keys (expires_at) where expires_at is not null;

-- `id` is to hear of the end of job:… , or counts in batch:… .
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

-- What there is to decide. `seq` is never used twice: `told` counts.
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
) strict, without rowid;
