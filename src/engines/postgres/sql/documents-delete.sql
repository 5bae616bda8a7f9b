-- Removes documents. Parameters: collections, keys.
delete from posthaste.records where ctid = any (array(
  select d.place
  from unnest($1::text[], $2::text[]) as g (collection, key)
  cross join lateral (
    select ctid as place from posthaste.records where collection = g.collection and key = g.key limit 1
  ) as d
))
