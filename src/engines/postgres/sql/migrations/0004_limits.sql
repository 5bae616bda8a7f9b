-- Limits, and groups that take turns. A job that has a group or a limit key waits in a *line*: those of one queue, task,
-- group and limit key, which all pass the same limits or none. The row of such a job in `ready` has the number of its
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

-- The lines of jobs that are no longer, or not yet, in `ready`.
alter table posthaste.waiting add column line integer;
alter table posthaste.running add column line integer;
create index running_to_count on posthaste.running (line) where line is not null;

-- Queues that ever had a job with a group or a limit key, and the furthest turn that a group of theirs has had.
create table posthaste.fair (
  queue text collate "C" primary key,
  last bigint not null
);

-- Groups: `name` is empty for jobs without one, else `=` and the group. `is_idle`: it had no ready job for a moment since
-- it last caught up with the others. Nobody looks at its lines before `parked_until`, or before fewer than `capacity`
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
-- limit (`source`), until when its group is parked, its group's turn.
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

-- Lines whose jobs in `ready` are others than `heads` knows, and (`is_idle`) whose group had none for a moment. A kind
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
-- payload as text, delay_ms, run_at, blocked, max_retries, lease_ms, group, options, key, ref, tags: all as `jobs` has
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
$$;
