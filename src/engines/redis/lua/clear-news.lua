-- Forgets news, unless there are newer ones.
--
-- KEYS[1]  prefix
-- ARGV     clock (2), topic and id, number, of each

-- include store

for i = 3, #ARGV, 2 do
  if call('HGET', NEWSNUMBERS, ARGV[i]) == ARGV[i + 1] then
    call('HDEL', NEWSNUMBERS, ARGV[i])
    call('ZREM', NEWS, ARGV[i])
  end
end
