-- What there is to decide about jobs and batches, by topic, then id.
--
-- KEYS[1]  prefix
-- ARGV     clock (2), limit, topic and id of the last one before, or empty
-- Result   topic and id, number, of each

-- flags no-writes
-- include store

local limit, after = tonumber(ARGV[3]), ARGV[4]
if limit == 0 then return {} end
local members = call('ZRANGEBYLEX', NEWS, after == '' and '-' or '(' .. after, '+', 'LIMIT', 0, limit)
local numbers, answer = readMany(NEWSNUMBERS, members), {}
for i = 1, #members do answer[2 * i - 1], answer[2 * i] = members[i], numbers[i] end
return answer
