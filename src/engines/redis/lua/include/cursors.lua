-- The next jobs of a lane, which are taken from its front.
local Cursor = {}
Cursor.__index = Cursor

local function cursorOf(lane, chunk)
  local cursor = setmetatable({ lane = lane, chunk = chunk, taken = 0, first = 0 }, Cursor)
  cursor:fetch()
  return cursor
end

-- Reads the heads behind those that were taken.
function Cursor:fetch()
  self.heads = call('ZRANGE', READY .. self.lane, self.taken, self.taken + self.chunk - 1, 'WITHSCORES')
  self.first = self.taken
  self:look()
end

function Cursor:look()
  local i = 2 * (self.taken - self.first)
  self.id = self.heads[i + 1]
  self.runAt = tonumber(self.heads[i + 2])
end

function Cursor:advance()
  self.taken = self.taken + 1
  if 2 * (self.taken - self.first) >= #self.heads and #self.heads == 2 * self.chunk then self:fetch() else self:look() end
end
