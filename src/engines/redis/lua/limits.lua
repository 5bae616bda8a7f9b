-- limits
-- Every setting of a limit, and what is under it.
--
-- KEYS[1]  prefix
-- ARGV     clock (2)
-- Result   for each: its gate, what is kept of it (set-limits.lua), how many of its jobs run, when its rate opens or
--          nothing

-- flags no-writes
-- include store
-- include counting
-- include ties
-- include lines
-- include gates

local fields, out, groups = call('HGETALL', LIMITS), {}, nil

-- How many jobs run in groups of a queue that have no setting of their own.
local function runningInGroups(queue)
  groups = groups or call('HGETALL', RUNS)
  local prefix, jobs = 'g' .. queue .. '/', 0
  for i = 1, #groups, 2 do
    if sub(groups[i], 1, #prefix) == prefix and not settingOf(groups[i]) then jobs = jobs + tonumber(groups[i + 1]) end
  end
  return jobs
end

for i = 1, #fields, 2 do
  local gate = fields[i]
  out[#out + 1], out[#out + 2] = gate, fields[i + 1]
  if sub(gate, 1, 1) == 'G' then
    out[#out + 1], out[#out + 2] = int(runningInGroups(sub(gate, 2))), ''
  else
    out[#out + 1] = int(runningOf(gate))
    local opensAt = rateOpens(gate, settingOf(gate))
    out[#out + 1] = opensAt and int(opensAt) or ''
  end
end
return out
