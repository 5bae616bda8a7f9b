-- Ids of all jobs, the newest first. Parameters: id before which to go on, limit. Result: id.
-- Index: the unique one of jobs.
select id from jobs where id < ? order by id desc limit ?
