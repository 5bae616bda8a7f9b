-- Who holds unique keys. Parameters: keys. Result: key, id.
select key, id from posthaste.keys where key = any ($1::text[])
