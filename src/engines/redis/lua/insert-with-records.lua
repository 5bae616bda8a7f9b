-- Adds jobs, and writes documents as a condition for them.
--
-- KEYS[1]  prefix
-- ARGV     clock (2), hints that may be told, number of documents, their writes, then the jobs (adding.lua)
-- Result   { now, 1 or 0: whether the documents had the versions expected, a letter for each job, holders of the keys
--          of duplicates, hints told and left to be told }

-- include store
-- include counting
-- include hints
-- include reader
-- include documents
-- include adding

at = 3
local writes = takeWrites(takeNumber())
if not areExpected(writes) then return { nowText, 0, '', {}, ' ' } end
writeDocuments(writes)
local verdicts, holders = addJobs()
flush()
return { nowText, 1, verdicts, holders, tell() }
