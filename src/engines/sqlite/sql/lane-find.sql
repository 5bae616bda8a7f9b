-- The number of a lane. Parameters: kind, group. Result: lane. Index: lanes_by_name.
select lane from lanes where kind = ? and "group" is ?
