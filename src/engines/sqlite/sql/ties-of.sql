-- Who is bound to a target. Parameters: target. Result: id. Index: the primary key of ties.
select id from ties where target = ?
