-- Documents of a collection by key.
--
-- KEYS[1]  prefix
-- ARGV     clock (2), collection, prefix of the keys, `=` and the last key before or empty, limit
-- Result   key, version, expiry or empty, and value of each

-- flags no-writes
-- include store
-- include reader
-- include documents

local collection, prefix, after, limit = ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6])
local out, from = {}, '[' .. prefix
-- Bytes decide: the greater of both bounds is taken by asking whether the last key lies behind the first one.
if after ~= '' then
  local last = sub(after, 2)
  if call('ZLEXCOUNT', NAMES .. collection, from, '[' .. last) > 0 then from = '(' .. last end
end
-- No text contains the byte 255.
local to = '[' .. prefix .. '\255'
local found = 0
while found < limit do
  local keys = call('ZRANGEBYLEX', NAMES .. collection, from, to, 'LIMIT', 0, limit)
  for i = 1, #keys do
    local version, expiresAt, value = readDocument(collection, keys[i])
    if version > 0 and found < limit then
      found = found + 1
      local n = #out
      out[n + 1], out[n + 2], out[n + 3], out[n + 4] = keys[i], int(version), expiresAt, value
    end
  end
  if #keys < limit then break end
  from = '(' .. keys[#keys]
end
return out
