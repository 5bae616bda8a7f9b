-- A new lane. Parameters: kind, group, limit key. Result: lane.
insert into lanes (kind, "group", limit_key) values (?, ?, ?) returning lane
