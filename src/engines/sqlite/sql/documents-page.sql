-- Documents of a collection by key. Parameters: collection, first key, key after which to go on or null (twice), now.
-- Result: key, value, version, expires_at. The reader stops where keys no longer begin as wanted.
select key, value, version, expires_at from records
where collection = ? and key >= ? and (? is null or key > ?) and (expires_at is null or expires_at > ?)
order by key
