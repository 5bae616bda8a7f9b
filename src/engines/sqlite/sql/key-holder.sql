-- Who holds a unique key. Parameters: key, now. Result: id.
select id from keys where key = ? and (expires_at is null or expires_at > ?)
