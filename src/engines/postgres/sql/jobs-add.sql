-- Adds jobs in a caller's transaction. Every parameter is bound as text, because drivers that ask the server for the
-- types would write the others in ways of their own. Parameters: a JSON array of jobs, the id of the store; floor and
-- fixed of the clock; how many ms to wait for rivals. Result, in the order of the jobs: id of the job or of who holds its
-- key, now.
select a.id, a.now
from posthaste.add_jobs($1::text::json, $2::text::uuid, $3::text::bigint, $4::text::bigint, $5::text::integer) as a
order by a.number
