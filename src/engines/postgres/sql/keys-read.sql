-- Who holds unique keys. Parameters: keys. Result: key, id, until, expires_at. Index: the primary key of keys.
select key, id, until, expires_at from posthaste.keys where key = any ($1::text[])
