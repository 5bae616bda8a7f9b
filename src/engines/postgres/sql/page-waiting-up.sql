-- Ids of waiting jobs, the oldest first. Parameters: id with which to go on, limit, arrays of kinds and states.
-- Result: id. Index: waiting_to_list.
select p.id
from unnest($3::integer[], $4::text[]) as g (kind, state)
cross join lateral (
  select id from posthaste.waiting where kind = g.kind and state = g.state and id >= $1::uuid order by id limit $2
) as p
order by p.id
limit $2
