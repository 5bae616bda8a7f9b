-- Renews a lease. Parameters: now, lease length of jobs without one of their own, id, fence. Result: cancel.
update running set lease_until = ? + coalesce(lease_ms, ?) where id = ? and fence = ? returning cancel
