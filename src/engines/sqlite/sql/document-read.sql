-- A document. Parameters: collection, key, now. Result: value, version, expires_at.
select value, version, expires_at from records
where collection = ? and key = ? and (expires_at is null or expires_at > ?)
