-- How many jobs are in a state. Parameters: state. Result: number.
select coalesce(sum(number), 0) from counts where state = ?
