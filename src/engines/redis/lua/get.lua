-- Jobs by their ids.
--
-- KEYS[1]  prefix
-- ARGV     clock (2), ids
-- Result   rows of those that exist

-- flags no-writes
-- include store
-- include counting
-- include ties
-- include lines
-- include jobs
-- include rows

return rowsOf({ unpack(ARGV, 3) })
