-- Whether a job is known. Parameters: id. Index: the unique one of jobs.
select 1 from jobs where id = ?
