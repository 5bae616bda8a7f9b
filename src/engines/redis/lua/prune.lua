-- Removes finished jobs of one state, the oldest first.
--
-- KEYS[1]  prefix
-- ARGV     clock (2), hints that may be told, letter of the state, age, number of jobs kept, least age, limit
-- Result   { how many were removed, 1 when more are to be, hints told and left to be told }

-- include store
-- include counting
-- include ties
-- include lines
-- include jobs
-- include hints

local letter, age, kept = ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
local leastAge, limit = tonumber(ARGV[7]), tonumber(ARGV[8])
local index = FINISHED .. letter

local total, fields = 0, call('HGETALL', COUNTS)
for i = 1, #fields, 2 do
  if sub(fields[i], 1, 1) == letter then total = total + tonumber(fields[i + 1]) end
end
local surplus = total - kept
local ids = {}

-- Of so many jobs that ended at this time, and that are the oldest: how many are to go.
local function excess(at, jobs)
  if at > now - leastAge then return 0 end
  if at < now - age then return jobs end
  return math.max(0, math.min(jobs, surplus - #ids))
end

local more = false
while limit > 0 do
  local head = call('ZRANGE', index, 0, 0, 'WITHSCORES')
  local at = head[2]
  more = at ~= nil and excess(tonumber(at), 1) > 0
  if not more or #ids == limit then break end
  local members, some = call('ZRANGEBYSCORE', index, at, at, 'LIMIT', 0, MEMBERS), {}
  for i = 1, #members do splitIds(members[i], some) end
  table.sort(some)
  local gone = math.min(limit - #ids, excess(tonumber(at), #some))
  for i = 1, gone do ids[#ids + 1] = some[i] end
  callMany('ZREM', index, members)
  for first = gone + 1, #some, MEMBERS do
    call('ZADD', index, at, table.concat(some, '', first, math.min(first + MEMBERS - 1, #some)))
  end
end

if #ids > 0 then
  stamp()
  local jobs, texts = {}, readMany(STATES, ids)
  for i = 1, #ids do
    jobs[i] = parse(texts[i])
    count(letter, jobs[i].kind, -1)
  end
  forget(ids, jobs)
  hint('c')
end
flush()
return { #ids, more and 1 or 0, tell() }
