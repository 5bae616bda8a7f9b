-- Gives jobs other priorities; their places follow. Parameters: arrays of ids, priorities. Index: the primary key of jobs.
update posthaste.jobs as j set priority = g.priority
from unnest($1::uuid[], $2::smallint[]) as g (id, priority)
where j.id = g.id
