-- Notes that the end of a job concerns another one. Parameters: id.
update waiting set bound = 1 where id = ? and bound = 0
