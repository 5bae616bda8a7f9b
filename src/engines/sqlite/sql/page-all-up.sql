-- Ids of all jobs, the oldest first. Parameters: id after which to go on, limit. Result: id.
-- Index: the unique one of jobs.
select id from jobs where id > ? order by id limit ?
