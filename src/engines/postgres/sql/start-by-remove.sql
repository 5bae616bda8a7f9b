-- Jobs started, or need not start any more. Parameters: arrays of at, ids. Index: the primary key of start_by.
delete from posthaste.start_by as s using unnest($1::bigint[], $2::uuid[]) as g (at, id) where s.at = g.at and s.id = g.id
