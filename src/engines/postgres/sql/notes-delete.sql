-- Forgets the notes of jobs. Parameters: ids.
delete from posthaste.notes where id = any ($1::uuid[])
