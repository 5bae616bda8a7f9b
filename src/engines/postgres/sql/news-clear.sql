-- Forgets news, unless there are newer ones. Parameters: arrays of topics, ids, seq. Index: the primary key of news.
with known as materialized (
  select n.topic, n.id
  from unnest($1::text[], $2::text[], $3::bigint[]) as g (topic, id, seq)
  join posthaste.news as n on n.topic = g.topic and n.id = g.id and n.seq = g.seq
  order by n.topic, n.id
  for update of n
)
delete from posthaste.news as n using known as k where n.topic = k.topic and n.id = k.id
