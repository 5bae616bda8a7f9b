-- Limits, and groups that take turns. Stores that use neither have no rows in these tables, and pay nothing.

-- How often the set of fair queues, and the settings, were changed: what a connection remembers of them is good until then.
-- `kept` is the clock when a program last wrote that keeps `heads`: an older one, that does not, raises `clock` alone.
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

-- What settings bound, as far as something has to be remembered of it. `total`: claims that were counted for its rate.
-- `opens_at`: when a rate that closed it lets a job go. `width`: 0 few lanes are parked behind it, they come back when it
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

-- Claims that count for a rate. `before`: how many there were before these.
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

-- The first claimable job of each lane of fair queues, in the order of claims. `park`: the gate behind which the lane is
-- put aside, or 0; `opens_at`: until when, if it was for a rate. `turn` is that of the sharer; that of a lane put aside
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
);
