-- Claims that the rates of queues, tasks, groups of their own setting and limit keys have to remember. Parameters: whether
-- those of groups are asked for; then floor and fixed of the clock. Result: gate, at, number; the earliest first.
-- Index: the primary key of claims.
select l.scope || ' ' || l.name as gate, c.at, c.number
from posthaste.limits as l
cross join lateral (
  select at, number from posthaste.claims
  where gate = l.scope || ' ' || l.name and at > (select posthaste.clock($2, $3)) - l.rate_per_ms
  order by at desc limit 10000
) as c
where l.rate_max is not null and (l.scope <> 'group' or $1::boolean)
order by gate, c.at
