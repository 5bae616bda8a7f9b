-- How many jobs there are by kind and state.
--
-- KEYS[1]  prefix
-- ARGV     clock (2)
-- Result   letter, queue NUL task, and number, in turn

-- flags no-writes
-- include store

return call('HGETALL', COUNTS)
