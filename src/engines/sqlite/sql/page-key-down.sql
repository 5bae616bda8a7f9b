-- Ids of jobs with a key, the newest first. Parameters: key, id before which to go on, limit. Result: id.
-- Index: jobs_by_key.
select id from jobs where key = ? and id < ? order by id desc limit ?
