-- Writes documents. Parameters: arrays of collections, keys, values, versions, expires_at.
insert into posthaste.records (collection, key, value, version, expires_at)
select * from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[])
on conflict (collection, key) do update set
  value = excluded.value, version = excluded.version, expires_at = excluded.expires_at
