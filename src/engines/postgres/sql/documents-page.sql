-- Documents of a collection by key. Parameters: collection, first key, key after which to go on or null, limit; then
-- floor and fixed of the clock. Result: key, value, version, expires_at. The reader stops where keys no longer begin
-- as wanted.
select key, value, version, expires_at from posthaste.records
where collection = $1 and key >= $2 and ($3::text is null or key > $3)
  and (expires_at is null or expires_at > (select posthaste.clock($5, $6)))
order by key
limit $4
