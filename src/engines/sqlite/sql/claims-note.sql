-- Notes when a gate was passed. Parameters: gate, at, before, expires_at.
insert into claims (gate, at, before, expires_at) values (?, ?, ?, ?) on conflict do nothing
