-- A new lane. Parameters: kind, group. Result: lane.
insert into lanes (kind, "group") values (?, ?) returning lane
