-- Ids of jobs with a ref, the oldest first. Parameters: ref, id after which to go on, limit. Result: id.
-- Index: jobs_by_ref.
select id from jobs where ref = ? and id > ? order by id limit ?
