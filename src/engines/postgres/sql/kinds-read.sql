-- The names behind numbers. Parameters: kinds. Result: kind, queue, task.
select kind, queue, task from posthaste.kinds where kind = any ($1::integer[])
