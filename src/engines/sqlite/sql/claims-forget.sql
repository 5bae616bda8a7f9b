-- Forgets what was claimed through gates. Parameters: a JSON array of gates. Index: the primary key of claims.
delete from claims where gate in (select value from json_each(?))
