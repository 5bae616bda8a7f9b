-- Who is bound to targets. Parameters: targets. Result: target, id. Index: the primary key of ties.
select t.target, t.id
from unnest($1::text[]) as g (target)
cross join lateral (select target, id from posthaste.ties where target = g.target) as t
