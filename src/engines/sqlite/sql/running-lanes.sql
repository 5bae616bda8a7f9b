-- How many jobs run, by lane. Result: lane, number. Reads every lease; there are not many.
select lane, count(*) from running group by lane
