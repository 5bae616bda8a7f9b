-- Numbers of lines. Parameters: arrays of kinds, groups, limit keys. Result: kind, group, limit, line, whether groups of
-- its queue take turns, queue.
-- Index: lines_to_find. Bound as text, for the drivers of callers.
select l.kind, l."group", l."limit", l.line, exists (select from posthaste.fair as f where f.queue = l.queue), l.queue
from unnest($1::text::integer[], $2::text::text[], $3::text::text[]) as g (kind, "group", "limit")
cross join lateral (
  select * from posthaste.lines
  where kind = g.kind and coalesce('=' || "group", '') = coalesce('=' || g."group", '')
    and coalesce('=' || "limit", '') = coalesce('=' || g."limit", '')
  limit 1
) as l
