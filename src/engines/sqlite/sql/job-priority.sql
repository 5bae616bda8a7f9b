-- Gives a job another priority; its place follows. Parameters: priority, id. Index: the unique one of jobs.
update jobs set priority = ? where id = ?
