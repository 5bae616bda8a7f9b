-- Notes how many jobs went from where to where. Parameters: arrays of kinds, states left or null, states entered or
-- null, numbers.
insert into posthaste.moves (kind, from_state, to_state, number)
select * from unnest($1::integer[], $2::text[], $3::text[], $4::integer[])
