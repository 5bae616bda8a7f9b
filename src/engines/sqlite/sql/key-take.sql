-- Takes a unique key unless someone has it. Parameters: key, id.
insert into keys (key, id) values (?, ?) on conflict do nothing
