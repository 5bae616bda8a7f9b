-- Forgets all but the newest log lines of jobs. Parameters: ids, how many lines of each are kept.
delete from posthaste.logs as l
using unnest($1::uuid[]) as g (id)
cross join lateral (
  select fence, seq from posthaste.logs where id = g.id order by fence desc, seq desc offset $2 limit 1
) as last
where l.id = g.id and (l.fence, l.seq) <= (last.fence, last.seq)
