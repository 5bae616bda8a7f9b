-- Claims that rates have to remember, as many as a rate may allow. Parameters: arrays of gates, lengths of their stretches; then floor and fixed of
-- the clock. Result: gate, at, number; the earliest first. Index: the primary key of claims.
select g.gate, c.at, c.number
from unnest($1::text[], $2::bigint[]) as g (gate, per_ms)
cross join lateral (
  select at, number from posthaste.claims where gate = g.gate and at > (select posthaste.clock($3, $4)) - g.per_ms
  order by at desc limit 10000
) as c
order by g.gate, c.at
