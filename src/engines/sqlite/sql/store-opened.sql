-- The first write of every connection: proves that the file can be written, and lets the synchronous level settle.
update store set opened = opened + 1 where one = 1
