-- Ids of jobs with a key, the oldest first. Parameters: key, id after which to go on, limit. Result: id.
-- Index: jobs_by_key.
select id from jobs where key = ? and id > ? order by id limit ?
