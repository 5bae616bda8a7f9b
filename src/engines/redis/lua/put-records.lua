-- Writes documents, all or none.
--
-- KEYS[1]  prefix
-- ARGV     clock (2), number of writes, and these (documents.lua)
-- Result   for each write o and its new version, or, when nothing was written, f and the version that is there, or
--          r: this one would have been written

-- include store
-- include reader
-- include documents

at = 2
local writes = takeWrites(takeNumber())
if areExpected(writes) then
  local versions = writeDocuments(writes)
  for i = 1, #versions do versions[i] = 'o' .. versions[i] end
  return versions
end
local verdicts = {}
for i = 1, #writes do verdicts[i] = isExpected(writes[i]) and 'r' or 'f' .. int(writes[i].version) end
return verdicts
