-- Stores jobs that ask for nothing special; the tuple is repeated, one for each. Fails as a whole when one of the ids
-- is known. Parameters for each: id, lane, priority, payload, created_at.
insert into jobs (id, lane, priority, payload, created_at) values (?, ?, ?, ?, ?)
