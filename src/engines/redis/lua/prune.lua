-- Removes finished jobs of one state, the oldest first.
--
-- KEYS[1]  prefix
-- ARGV     clock (2), hints that may be told, letter of the state, age, number of jobs kept, least age, limit
-- Result   { how many were removed, 1 when more are to be, hints told and left to be told }

-- include store
-- include counting
-- include jobs
-- include hints

local letter, age, kept = ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
local leastAge, limit = tonumber(ARGV[7]), tonumber(ARGV[8])
local index = FINISHED .. letter
-- In the order of their ends, the too old ones and the too many ones are both the first ones.
local old = call('ZCOUNT', index, '-inf', '(' .. int(now - age))
local many = call('ZCARD', index) - kept
local candidates = math.min(math.max(old, many, 0), call('ZCOUNT', index, '-inf', int(now - leastAge)))
local removed = math.min(candidates, limit)
if removed > 0 then
  stamp()
  local ids = call('ZRANGE', index, 0, removed - 1)
  local jobs, texts = {}, readMany(STATES, ids)
  for i = 1, #ids do
    jobs[i] = parse(texts[i])
    count(letter, jobs[i].kind, -1)
  end
  call('ZREMRANGEBYRANK', index, 0, removed - 1)
  forget(ids, jobs)
  hint('c')
end
flush()
return { removed, limit > 0 and candidates > removed and 1 or 0, tell() }
