-- Ends a lease. Parameters: id.
delete from running where id = ?
