-- Adds jobs on a condition: documents that have the versions expected and are written, and other jobs that are as
-- expected and are changed.
--
-- KEYS[1]  prefix
-- ARGV     clock (2), hints that may be told, number of documents, their writes, number of changes, these (changing.lua),
--          then the jobs (adding.lua)
-- Result   { now, 1 or 0: whether the documents had the versions expected, a letter for each job, or nothing when the
--          condition did not hold, holders of the keys of duplicates, a letter for each change, hints told and left to be
--          told }

-- include store
-- include counting
-- include ties
-- include lines
-- include jobs
-- include hints
-- include reader
-- include documents
-- include changing
-- include adding

at = 3
local writes = takeWrites(takeNumber())
local changes, letters, holds = {}, {}, true
for i = 1, takeNumber() do
  changes[i] = takeChange()
  local _, verdict = atRest(changes[i])
  letters[i] = verdict
  holds = holds and verdict == 'o'
end
local areWritable = areExpected(writes)
if not areWritable or not holds then
  return { nowText, areWritable and 1 or 0, '', {}, table.concat(letters), ' ' }
end
writeDocuments(writes)
for i = 1, #changes do carryOut(changes[i]) end
local verdicts, holders = addJobs()
flush()
return { nowText, 1, verdicts, holders, table.concat(letters), tell() }
