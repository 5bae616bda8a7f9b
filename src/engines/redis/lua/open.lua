-- open
-- Opens the installation, or makes it, or brings its layout up to date.
--
-- KEYS[1]  prefix
-- ARGV     clock (2), version of the layout that the caller knows
-- Result   version of the layout that is there, or empty when this is no installation of Posthaste

-- include store
-- include counting
-- include ties
-- include lines
-- include jobs
-- include gates

local SCHEMA = PREFIX .. 'schema'
local kind = call('TYPE', SCHEMA)['ok']
if kind == 'none' then
  stamp()
  call('SET', SCHEMA, ARGV[3])
  return ARGV[3]
end
if kind ~= 'string' then return '' end
local version = call('GET', SCHEMA)
if not match(version, '^%d+$') then return '' end
if tonumber(version) >= tonumber(ARGV[3]) then return version end

-- Version 1 knew no limits: groups were parts of lanes and nothing else.
for _, lane in ipairs(call('ZRANGE', LANES, 0, -1)) do
  if byte(lane, #lane) ~= 0 then makeFair(laneOf(lane).queue) end
end
for _, worker in ipairs(call('ZRANGE', HOLDERS, 0, -1)) do
  local texts = readMany(STATES, call('ZRANGE', LEASES .. worker, 0, -1))
  for i = 1, #texts do runs(parse(texts[i]).lane, 1) end
end
flush()
call('SET', SCHEMA, ARGV[3])
return ARGV[3]
