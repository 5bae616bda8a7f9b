-- Gates that a rate had closed until now. Parameters: now. Result: gate. Index: gates_by_opening.
select gate from gates where opens_at <= ?
