-- What is remembered of a gate. Parameters: scope, name. Result: gate, total. Index: the unique one of gates.
select gate, total from gates where scope = ? and name = ?
