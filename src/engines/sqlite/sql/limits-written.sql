-- Tells every connection that settings were written. Result: how often they were.
update store set settings = settings + 1 where one = 1 returning settings
