-- Log lines of a job by fence and seq.
--
-- KEYS[1]  prefix
-- ARGV     clock (2), id, fence and seq in a fixed width of the last line before or empty, limit
-- Result   the lines: fence and seq in a fixed width NUL at NUL level NUL message

-- flags no-writes
-- include store

return call('ZRANGEBYLEX', LOG .. ARGV[3], ARGV[4] == '' and '-' or '(' .. ARGV[4] .. '\0\255', '+', 'LIMIT', 0, ARGV[5])
