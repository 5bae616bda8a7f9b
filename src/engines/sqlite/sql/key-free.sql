-- Gives a unique key back. Parameters: key, id.
delete from keys where key = ? and id = ?
