-- Forgets the numbers of batches.
--
-- KEYS[1]  prefix
-- ARGV     clock (2), batches

-- include store

callMany('HDEL', BATCHES, { unpack(ARGV, 3) })
