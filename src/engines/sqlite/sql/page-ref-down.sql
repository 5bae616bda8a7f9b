-- Ids of jobs with a ref, the newest first. Parameters: ref, id before which to go on, limit. Result: id.
-- Index: jobs_by_ref.
select id from jobs where ref = ? and id < ? order by id desc limit ?
