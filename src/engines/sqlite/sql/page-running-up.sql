-- Ids of running jobs of a kind, the oldest first. Parameters: kind, id after which to go on, limit. Result: id.
-- Index: the primary key of running (jobs of other kinds are passed over; there are not many).
select id from running where kind = ? and id > ? order by id limit ?
