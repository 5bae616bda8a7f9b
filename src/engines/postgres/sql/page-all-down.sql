-- Ids of all jobs, the newest first. Parameters: id with which to go on, limit. Result: id. Index: the primary key
-- of jobs.
select id from posthaste.jobs where id <= $1::uuid order by id desc limit $2
