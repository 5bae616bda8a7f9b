-- Forgets jobs. Parameters: a JSON array of ids.
delete from jobs where id in (select value from json_each(?))
