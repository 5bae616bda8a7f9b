-- Hints to whoever listens: r, jobs may have become claimable; c, jobs or queues changed.
--
-- ARGV[3]: the hints that may be told at once; the caller told the others a moment ago and repeats them by itself.

local hints
onBegin(function() hints = {} end)
local function hint(letter) hints[letter] = true end

-- Tells what happened, as far as it may. Answers what was told, a space, and what is left to be told.
local function tell()
  local told, left = '', ''
  for letter in pairs(hints) do
    if find(ARGV[3], letter, 1, true) then told = told .. letter else left = left .. letter end
  end
  if told ~= '' then call('PUBLISH', PREFIX .. 'hints', told) end
  return told .. ' ' .. left
end
