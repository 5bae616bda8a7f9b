-- Forgets the notes of jobs. Parameters: a JSON array of ids.
delete from notes where id in (select value from json_each(?))
