-- Forgets the ties of jobs. Parameters: a JSON array of ids. Index: ties_by_id.
delete from ties where id in (select value from json_each(?))
