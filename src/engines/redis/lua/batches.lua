-- The numbers of batches.
--
-- KEYS[1]  prefix
-- ARGV     clock (2), batches
-- Result   of each unfinished, completed, cancelled, dead, removed, or an empty text

-- flags no-writes
-- include store

local texts = readMany(BATCHES, { unpack(ARGV, 3) })
for i = 1, #texts do texts[i] = texts[i] or '' end
return texts
