-- Takes a unique key from a job that is finished. Parameters: key, id.
delete from keys where key = ? and id = ? and until <> 'time'
