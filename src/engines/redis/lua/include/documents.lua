-- Documents: a hash for each collection, key → version, expiry (or nothing) NUL value; and the keys in their order.

-- Expired documents that a write clears away at most.
local CLEARED = 100

-- Version, expiry as text and value of a document; version 0 when there is none, or it expired.
local function readDocument(collection, key)
  local text = call('HGET', DOCUMENTS .. collection, key)
  if not text then return 0 end
  local version, expiresAt, value = match(text, '^(%d+) (%d*)%z(.*)$')
  if expiresAt ~= '' and tonumber(expiresAt) <= now then return 0 end
  return tonumber(version), expiresAt, value
end

-- Reads `n` writes from the arguments: collection, key, version expected or empty, time to live or empty, value.
local function takeWrites(n)
  local writes = {}
  for i = 1, n do
    writes[i] = { collection = take(), key = take(), expect = take(), ttl = take(), value = take() }
    writes[i].version = readDocument(writes[i].collection, writes[i].key)
  end
  return writes
end

local function isExpected(write) return write.expect == '' or tonumber(write.expect) == write.version end

-- Whether every document has the version that its write expects.
local function areExpected(writes)
  for i = 1, #writes do
    if not isExpected(writes[i]) then return false end
  end
  return true
end

local function dropDocument(collection, key)
  call('HDEL', DOCUMENTS .. collection, key)
  call('ZREM', NAMES .. collection, key)
  call('ZREM', EXPIRY, collection .. '\0' .. key)
end

-- Writes without looking. A value begins with `=`; an empty one removes the document. Answers the new versions.
local function writeDocuments(writes)
  local versions = {}
  if #writes == 0 then return versions end
  stamp()
  for i = 1, #writes do
    local write = writes[i]
    local collection, key = write.collection, write.key
    if write.value == '' then
      dropDocument(collection, key)
      versions[i] = '0'
    else
      versions[i] = int(write.version + 1)
      local member, expiresAt = collection .. '\0' .. key, ''
      if write.ttl == '' then
        call('ZREM', EXPIRY, member)
      else
        expiresAt = int(now + tonumber(write.ttl))
        call('ZADD', EXPIRY, expiresAt, member)
      end
      call('HSET', DOCUMENTS .. collection, key, versions[i] .. ' ' .. expiresAt .. '\0' .. sub(write.value, 2))
      call('ZADD', NAMES .. collection, 0, key)
    end
  end
  local gone = call('ZRANGEBYSCORE', EXPIRY, '-inf', nowText, 'LIMIT', 0, CLEARED)
  for i = 1, #gone do dropDocument(match(gone[i], '^([^%z]*)%z(.*)$')) end
  return versions
end
