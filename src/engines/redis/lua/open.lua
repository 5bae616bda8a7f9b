-- Opens the installation, or makes it.
--
-- KEYS[1]  prefix
-- ARGV     clock (2), version of the layout that the caller knows
-- Result   version of the layout that is there, or empty when this is no installation of Posthaste

-- include store

local SCHEMA = PREFIX .. 'schema'
local kind = call('TYPE', SCHEMA)['ok']
if kind == 'none' then
  stamp()
  call('SET', SCHEMA, ARGV[3])
  return ARGV[3]
end
if kind ~= 'string' then return '' end
local version = call('GET', SCHEMA)
return match(version, '^%d+$') and version or ''
