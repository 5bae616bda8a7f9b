-- Ids of jobs with a key, the newest first. Parameters: id with which to go on, limit, key. Result: id. Index:
-- jobs_to_list_by_key.
select id from posthaste.jobs where key = $3 and id <= $1::uuid order by id desc limit $2
