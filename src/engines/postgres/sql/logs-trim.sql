-- Forgets all but the newest log lines of jobs. Parameters: ids, how many lines of each are kept. Index: the primary key
-- of logs.
delete from posthaste.logs where ctid = any (array(
  select l.place
  from unnest($1::uuid[]) as g (id)
  cross join lateral (
    select ctid as place from posthaste.logs where id = g.id order by fence desc, seq desc offset $2
  ) as l
))
