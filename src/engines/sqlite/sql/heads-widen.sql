-- Forgets until when lanes are put aside behind gates: of those behind a wide one, the gate itself knows.
-- Parameters: a JSON array of gates. Index: heads_until.
update heads set opens_at = null where opens_at is not null and park in (select value from json_each(?))
