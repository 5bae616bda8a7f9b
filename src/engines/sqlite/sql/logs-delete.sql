-- Forgets the log of jobs. Parameters: a JSON array of ids.
delete from logs where id in (select value from json_each(?))
