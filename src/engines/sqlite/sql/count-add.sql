-- Changes a number of jobs. Parameters: kind, state, difference.
insert into counts (kind, state, number) values (?, ?, ?) on conflict do update set number = number + excluded.number
