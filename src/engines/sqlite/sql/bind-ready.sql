-- Notes that the end of a ready job concerns another one. Parameters: kind, id. Index: ready_by_kind.
update ready set bound = 1 where kind = ? and id = ? and bound = 0
