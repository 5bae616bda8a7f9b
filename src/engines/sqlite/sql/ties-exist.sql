-- Whether anything is bound to anything. Result: 1, or no row.
select 1 from ties limit 1
