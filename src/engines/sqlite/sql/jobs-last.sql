-- The number of the job that was stored last. Result: number or null. Index: the integer key of jobs.
select max(number) from jobs
