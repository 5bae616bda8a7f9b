-- Who holds a unique key. Parameters: key. Result: id.
select id from keys where key = ?
