-- Documents by collection and key.
--
-- KEYS[1]  prefix
-- ARGV     clock (2), collection and key of each
-- Result   version, expiry or empty, and value of each; version 0 when there is none

-- flags no-writes
-- include store
-- include reader
-- include documents

local out = {}
for i = 3, #ARGV, 2 do
  local version, expiresAt, value = readDocument(ARGV[i], ARGV[i + 1])
  table.insert(out, int(version))
  table.insert(out, expiresAt or '')
  table.insert(out, value or '')
end
return out
