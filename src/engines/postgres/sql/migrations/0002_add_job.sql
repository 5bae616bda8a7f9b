-- Jobs added in somebody else's transaction: by `posthaste.add_job` in plain SQL, and by the library on a connection
-- that is not its own. Both end in `posthaste.add_jobs`. It raises no error that can be avoided, because an error
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
-- payload as text, delay_ms, run_at, blocked, max_retries, lease_ms, group, options, key, ref, tags: all as `jobs` has
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
  control constant text := '[\u0001-\u001f\u007f]';
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
comment on function posthaste.add_job is 'Adds a job in the present transaction; payload is json, jsonb, or text that holds JSON.';
