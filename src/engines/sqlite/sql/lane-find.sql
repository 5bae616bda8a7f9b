-- The number of a lane. Parameters: kind, group, limit key. Result: lane. Index: lanes_by_name.
select lane from lanes where kind = ? and "group" is ? and limit_key is ?
