-- Reads the arguments behind the first `at`, one after the other.
local at
local function take()
  at = at + 1
  return ARGV[at]
end
local function takeNumber() return tonumber(take()) end

-- The next `n` arguments as a list.
local function takeMany(n)
  local list = { unpack(ARGV, at + 1, at + n) }
  at = at + n
  return list
end
