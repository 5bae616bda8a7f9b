-- Ends the waiting of a job. Parameters: id.
delete from waiting where id = ?
