-- Ids of jobs with a ref, the newest first. Parameters: id with which to go on, limit, ref. Result: id. Index:
-- jobs_to_list_by_ref.
select id from posthaste.jobs where ref = $3 and id <= $1::uuid order by id desc limit $2
