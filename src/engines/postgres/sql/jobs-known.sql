-- Which of some jobs exist. Parameters: ids. Result: id. Index: the primary key of jobs.
select id from posthaste.jobs where id = any ($1::uuid[])
