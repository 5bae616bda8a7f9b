-- Removes some of the holds on keys that have expired. Parameters: now, limit. Index: keys_by_expiry.
delete from keys where key in (select key from keys where expires_at <= ? limit ?)
