-- Ids of running jobs, the oldest first. Parameters: id with which to go on, limit, kinds. Result: id.
-- Index: the primary key of running (jobs of other kinds are passed over; there are not many).
select id from posthaste.running where kind = any ($3::integer[]) and id >= $1::uuid order by id limit $2
