-- Removes documents. Parameters: collections, keys.
delete from posthaste.records as d using unnest($1::text[], $2::text[]) as g (collection, key)
where d.collection = g.collection and d.key = g.key
