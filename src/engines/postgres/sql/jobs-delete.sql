-- Forgets jobs that are in no place any more, with their notes, logs and ties. Parameters: ids.
with forgotten_notes as (delete from posthaste.notes where id = any ($1::uuid[])),
forgotten_logs as (delete from posthaste.logs where id = any ($1::uuid[])),
forgotten_ties as (delete from posthaste.ties where id = any ($1::uuid[]))
delete from posthaste.jobs where id = any ($1::uuid[])
