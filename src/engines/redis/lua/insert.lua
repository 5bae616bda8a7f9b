-- Adds jobs.
--
-- KEYS[1]  prefix
-- ARGV     clock (2), hints that may be told, then the jobs (adding.lua)
-- Result   { now, 1, a letter for each job, holders of the keys of duplicates, hints told and left to be told }

-- include store
-- include counting
-- include ties
-- include lines
-- include hints
-- include reader
-- include adding

at = 3
local verdicts, holders = addJobs()
flush()
return { nowText, 1, verdicts, holders, tell() }
