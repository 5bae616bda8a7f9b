-- Whether anyone is bound to a target. Parameters: target. Result: 1, or no row.
select 1 from ties where target = ? limit 1
