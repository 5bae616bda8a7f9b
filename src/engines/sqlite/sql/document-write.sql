-- Writes a document. Parameters: collection, key, value, version, expires_at.
insert into records (collection, key, value, version, expires_at) values (?, ?, ?, ?, ?)
on conflict do update set value = excluded.value, version = excluded.version, expires_at = excluded.expires_at
