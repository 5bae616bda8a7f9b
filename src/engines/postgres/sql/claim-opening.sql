-- Until when the first lines of some windows are parked, and which kinds have jobs without a line. Parameters: arrays of
-- kinds, sources; a time that is no time any more; kinds. Result: kind, source or null, parked_until.
-- Indexes: heads_to_claim; the primary key of ready.
select w.kind, w.source, h.parked_until
from unnest($1::integer[], $2::text[]) as w (kind, source)
cross join lateral (
  select parked_until from posthaste.heads where kind = w.kind and source = w.source order by parked_until limit 1
) as h
where h.parked_until < $3::bigint
union all
select w.kind, null, 0
from unnest($4::integer[]) as w (kind) cross join lateral (select from posthaste.ready where kind = w.kind limit 1) as r
