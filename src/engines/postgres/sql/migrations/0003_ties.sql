-- What binds a job to others, to a batch, or to a moment. Most jobs have none of it. A job that has, or on which others
-- depend, has `has_notes` set in its place, so that it is never settled without a look.

-- The ties as they were given: JSON text.
alter table posthaste.jobs add column ties text;

-- `until`: start, finish or time. Nobody holds a key from `expires_at` on.
alter table posthaste.keys add column until text collate "C" not null default 'finish';
alter table posthaste.keys add column expires_at bigint;
-- Serves the removal of what has expired.
create index keys_to_expire on posthaste.keys (expires_at) where expires_at is not null;

-- `id` is to hear of the end of job:… , or counts in batch:… .
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
);
