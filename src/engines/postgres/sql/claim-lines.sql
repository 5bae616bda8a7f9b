-- The next lines of some windows, each with its first jobs: fewer of each, the more lines there are. A window are the
-- lines of one kind whose limit key has the same limit, or none, in their order. Parameters: arrays of kinds, sources,
-- and, of the line behind which to go on, priorities, turns, run_at, ids; how many lines of each window; how many jobs
-- are wanted. Result: kind, source, line, queue, group, limit, and the line's place: priority, turn, run_at, id; then of
-- the job: priority, run_at, id, solo; how many jobs of each line were asked for.
-- Indexes: heads_to_claim; the primary keys of lines and ready.
with some_lines as materialized (
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
order by s.kind, s.source, s.priority, s.turn, s.run_at, s.id, r.priority, r.run_at, r.id
