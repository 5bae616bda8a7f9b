-- The store's clock.
--
-- KEYS[1]  prefix
-- ARGV     clock (2)
-- Result   epoch ms

-- flags no-writes
-- include store

return nowText
