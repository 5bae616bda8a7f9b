-- Ends leases. Parameters: a JSON array of ids. Index: the primary key of running.
delete from running where id in (select value from json_each(?))
