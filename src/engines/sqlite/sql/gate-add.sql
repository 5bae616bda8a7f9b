-- A new gate. Parameters: scope, name. Result: gate.
insert into gates (scope, name) values (?, ?) returning gate
