-- Changes of jobs that nobody runs.
--
-- KEYS[1]  prefix
-- ARGV     clock (2), hints that may be told, number of changes, and these (changing.lua)
-- Result   { a letter for each change, holders of the keys that were taken, hints told and left to be told }

-- include store
-- include counting
-- include ties
-- include lines
-- include jobs
-- include hints
-- include reader
-- include changing

at = 3
local verdicts, holders = {}, {}
for i = 1, takeNumber() do
  local holder
  verdicts[i], holder = carryOut(takeChange())
  if holder then table.insert(holders, holder) end
end
flush()
return { table.concat(verdicts), holders, tell() }
